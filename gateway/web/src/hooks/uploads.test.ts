import { describe, expect, it } from "vitest";
import { Failure } from "../failure";
import { next, reduce, STALL_MS, type Upload, type UploadAction, type UploadState } from "./uploads";

const upload = (id: string, state: UploadState): Upload => ({
  id,
  key: id,
  file: new File(["x"], `${id}.jpg`),
  preview: "",
  pixels: null,
  state,
});
const ended = (state: UploadState, ...actions: UploadAction[]): UploadState | undefined =>
  actions.reduce(reduce, [upload("a", state)])[0]?.state;
const sending: UploadState = { phase: "sending", sent: 0, total: 100, startedAt: 0, movedAt: 0, stalled: false };

describe("the list of uploads", () => {
  it("has two phases: bytes on their way, then the server's work", () => {
    expect(ended(sending, { type: "moved", id: "a", sent: 40, total: 100, at: 5 })).toMatchObject({ phase: "sending", sent: 40 });
    expect(ended(sending, { type: "moved", id: "a", sent: 100, total: 100, at: 9 })).toEqual({ phase: "storing" });
  });

  it("notices a stall, and that it is over", () => {
    const stalled = ended(sending, { type: "looked", at: STALL_MS + 1 });
    expect(stalled).toMatchObject({ stalled: true });
    expect(
      ended(sending, { type: "looked", at: STALL_MS + 1 }, { type: "moved", id: "a", sent: 1, total: 100, at: STALL_MS + 2 }),
    ).toMatchObject({ stalled: false });
  });

  it("waits for the connection instead of failing while offline", () => {
    const broke: UploadAction = { type: "broke", id: "a", failure: new Failure({ code: "network" }), offline: true };
    expect(ended(sending, broke)).toEqual({ phase: "waiting", offline: true });
    expect(ended(sending, broke, { type: "online" })).toEqual({ phase: "waiting", offline: false });
  });

  it("cannot cancel what has ended, nor bring back what was canceled while it was looked at", () => {
    const refused: UploadState = { phase: "refused", reason: "no" };
    expect(ended(refused, { type: "canceled", id: "a" })).toEqual(refused);
    expect(ended({ phase: "checking" }, { type: "canceled", id: "a" }, { type: "inspected", id: "a", reason: null, pixels: null })).toEqual(
      { phase: "canceled" },
    );
  });

  it("sends three at a time, in order", () => {
    const waiting: UploadState = { phase: "waiting", offline: false };
    const list = [
      upload("a", sending),
      upload("b", { phase: "storing" }),
      upload("c", waiting),
      upload("d", waiting),
      upload("e", { phase: "waiting", offline: true }),
    ];
    expect(next(list).map(({ id }) => id)).toEqual(["c"]);
    expect(next(list.slice(2)).map(({ id }) => id)).toEqual(["c", "d"]);
  });
});
