import { describe, expect, it } from "vitest";
import { withStyle } from "../components/PromptForm";
import { formatFor } from "../format";
import type { Catalogue, ModelOffer } from "../types";
import { kindOf } from "./inspect";
import { settle } from "./offer";
import { nearestPreset } from "./useLibrary";

const model = (name: string, more: Partial<ModelOffer> = {}): ModelOffer => ({
  model: name,
  label: name,
  status: "active",
  shutdownDate: null,
  replacement: null,
  exactPrices: false,
  sizes: [
    { size: "1024x1024", width: 1024, height: 1024, ratio: "1:1", label: "Square", instagramReady: true, default: true },
    { size: "1024x1792", width: 1024, height: 1792, ratio: "4:7", label: "Tall", instagramReady: false, default: false },
  ],
  sizeRule: null,
  qualities: ["standard", "hd"],
  maxPromptCharacters: 1000,
  prices: { "1024x1024": { standard: "0.05" } },
  ...more,
});
const catalogue = (...models: ModelOffer[]): Catalogue => ({ models, defaultModel: models[0]?.model ?? null, catalogueVersion: "1" });

describe("what is offered", () => {
  it("takes the defaults where nothing is wished for", () => {
    const offer = settle(catalogue(model("a"), model("b")), {});
    expect([offer?.model.model, offer?.size.size, offer?.quality, offer?.price, offer?.fellBack]).toEqual([
      "a",
      "1024x1024",
      "standard",
      "0.05",
      null,
    ]);
  });

  it("replaces a retired model along its chain and says so", () => {
    const old = model("old", { status: "retired", replacement: "older" });
    const older = model("older", { status: "retired", replacement: "new" });
    expect(settle(catalogue(model("a"), old, older, model("new")), { model: "old" })?.fellBack).toEqual({ was: "old", now: "new" });
  });

  it("survives a circle of replacements and a catalogue without models", () => {
    const circle = catalogue(model("a", { status: "retired", replacement: "b" }), model("b", { status: "retired", replacement: "a" }));
    expect(settle(circle, { model: "a" })).toBeNull();
    expect(settle(catalogue(), {})).toBeNull();
  });

  it("falls back from a size or a quality that is gone", () => {
    expect(settle(catalogue(model("a")), { model: "a", size: "256x256" })?.fellBack).toEqual({ was: "256x256", now: "1024x1024" });
    expect(settle(catalogue(model("a")), { model: "a", quality: "8k" })?.fellBack).toEqual({ was: "8k", now: "standard" });
  });
});

describe("small rules", () => {
  it("knows files by their bytes", () => {
    const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    expect(kindOf(bytes("\xff\xd8\xff\xe0"))).toBe("jpeg");
    expect(kindOf(bytes("\x89PNG\r\n"))).toBe("png");
    expect(kindOf(bytes("RIFF\0\0\0\0WEBP"))).toBe("webp");
    expect(kindOf(bytes("\0\0\0\x18ftypheic"))).toBe("heic");
    expect(kindOf(bytes("GIF89a"))).toBe("other");
    expect(kindOf(new Uint8Array())).toBe("other");
  });

  it("finds the shape for Instagram that takes least away", () => {
    expect(nearestPreset({ width: 700, height: 1400 })).toBe("instagram_4x5");
    expect(nearestPreset({ width: 1000, height: 1000 })).toBe("instagram_1x1");
    expect(nearestPreset({ width: 3000, height: 1000 })).toBe("instagram_191x100");
  });

  it("puts a style's words at the end and takes those of the one before away", () => {
    expect(withStyle("a fox", "", "watercolour")).toBe("a fox, watercolour");
    expect(withStyle("a fox, watercolour", "watercolour", "photo")).toBe("a fox, photo");
    expect(withStyle("a fox, edited watercolours", "watercolour", "photo")).toBe("a fox, edited watercolours, photo");
    expect(withStyle("a fox, photo", "photo", "")).toBe("a fox");
  });

  it("writes money as fine as it is small", () => {
    const { money, bytes, span } = formatFor("en-US");
    expect([money("0.0527"), money("0.0042"), money("0.21"), money("12.5")]).toEqual(["$0.053", "$0.0042", "$0.21", "$12.50"]);
    expect([bytes(500), bytes(48_211), bytes(4_800_000)]).toEqual(["1 kB", "48 kB", "4.8 MB"]);
    expect([span(0.2), span(59), span(61)]).toEqual(["1 sec", "59 sec", "1 min"]);
  });
});
