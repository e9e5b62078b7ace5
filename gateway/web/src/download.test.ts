import { afterEach, describe, expect, it, vi } from "vitest";
import { image } from "../test/factory";
import { downloadAll, downloadOne, nameOf, uniqueNames } from "./download";
import type { Image } from "./types";

const picture = (filename: string, more: object = {}): Image => {
  const wire = image({ filename, ...more });
  return { ...wire, createdAt: wire["created_at"] } as unknown as Image;
};

/** What was pressed, and what a saved file had in it. */
function watch(): { pressed: { href: string; name: string }[]; saved: Blob[] } {
  const seen = { pressed: [] as { href: string; name: string }[], saved: [] as Blob[] };
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    seen.pressed.push({ href: this.href, name: this.download });
  });
  vi.spyOn(URL, "createObjectURL").mockImplementation((file) => {
    seen.saved.push(file as Blob);
    return "blob:file";
  });
  return seen;
}

/** A store that has what is named by its address, and nothing else. */
const store = (has: Record<string, string>): void => {
  vi.stubGlobal("fetch", (url: string) => Promise.resolve(url in has ? new Response(has[url]) : new Response("", { status: 404 })));
};

afterEach(() => vi.restoreAllMocks());

describe("names of saved files", () => {
  it.each([
    ["fox.jpg", "jpeg", "fox.jpg"],
    ["fox.JPEG", "jpeg", "fox.JPEG"],
    ["fox.png", "webp", "fox.webp"],
    ["IMG_0042.HEIC", "jpeg", "IMG_0042.jpg"],
    ["version 1.2 of a fox", "png", "version 1.2 of a fox.png"],
    ["../a: fox?.jpg", "jpeg", ".._a_ fox_.jpg"],
  ] as const)("%s, truly %s, is saved as %s", (filename, format, name) => expect(nameOf({ filename, format })).toBe(name));

  it("are unique, also where a disk does not tell upper from lower case", () => {
    const names = ["a.jpg", "A.jpg", "a.png", "a (2).jpg"].map((filename) => ({ filename, format: "jpeg" as const }));
    expect(uniqueNames(names)).toEqual(["a.jpg", "A (2).jpg", "a (3).jpg", "a (2) (2).jpg"]);
  });
});

describe("one picture", () => {
  it("is saved under its own name", async () => {
    const { pressed, saved } = watch();
    const fox = picture("fox.jpg");
    store({ [fox.url]: "bytes" });
    expect(await downloadOne(fox)).toBe("saved");
    expect(pressed).toEqual([{ href: "blob:file", name: "fox.jpg" }]);
    expect([saved[0]?.type, saved[0]?.size]).toEqual(["image/jpeg", 5]);
  });

  it("is opened where the browser may not fetch it", async () => {
    const { pressed } = watch();
    const fox = picture("fox.jpg");
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("blocked")));
    expect(await downloadOne(fox)).toBe("opened");
    expect(pressed).toEqual([{ href: fox.url, name: "" }]);
  });

  it("is refused with a reason where the store does not have it", async () => {
    const { pressed } = watch();
    store({});
    await expect(downloadOne(picture("fox.jpg"))).rejects.toMatchObject({ code: "not_found" });
    expect(pressed).toEqual([]);
  });
});

describe("several pictures", () => {
  it("become one zip without those that could not be fetched, which are named", async () => {
    const { pressed, saved } = watch();
    const [one, lost, two] = [picture("fox.jpg"), picture("lost.jpg"), picture("fox.jpg")];
    store({ [one.url]: "first", [two.url]: "second" });
    const done: number[] = [];
    expect(await downloadAll([one, lost, two], { name: "pictures", onProgress: (count) => done.push(count) })).toEqual([lost]);
    expect(done).toEqual([1, 2, 3]);
    expect(pressed).toEqual([{ href: "blob:file", name: "pictures.zip" }]);
    const zip = await saved[0]?.text();
    expect(zip).toContain("fox.jpgfirst");
    expect(zip).toContain("fox (2).jpgsecond");
    expect(zip).not.toContain("lost.jpg");
  });

  it("are not saved as an empty zip", async () => {
    const { pressed } = watch();
    store({});
    const lost = [picture("a.jpg"), picture("b.jpg")];
    expect(await downloadAll(lost, { name: "pictures" })).toEqual(lost);
    expect(pressed).toEqual([]);
  });

  it("stop when they are told to", async () => {
    const { pressed } = watch();
    const many = Array.from({ length: 9 }, (_, number) => picture(`${number}.jpg`));
    store(Object.fromEntries(many.map(({ url }) => [url, "bytes"])));
    const stop = new AbortController();
    const saving = downloadAll(many, { name: "pictures", signal: stop.signal, onProgress: (done) => done === 3 && stop.abort() });
    await expect(saving).rejects.toMatchObject({ name: "AbortError" });
    expect(pressed).toEqual([]);
  });
});
