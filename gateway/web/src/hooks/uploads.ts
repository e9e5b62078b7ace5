/** The list of files of an uploader and every way an entry changes. Pure. */
import type { Failure } from "../failure";
import type { Image } from "../types";
import type { Pixels } from "./inspect";

export type UploadState =
  | { phase: "checking" }
  | { phase: "refused"; reason: string }
  /** For its turn, or for the connection. */
  | { phase: "waiting"; offline: boolean }
  | { phase: "sending"; sent: number; total: number; startedAt: number; movedAt: number; stalled: boolean }
  /** Every byte is sent; the server looks at them. */
  | { phase: "storing" }
  | { phase: "done"; image: Image; duplicate: boolean }
  | { phase: "failed"; failure: Failure }
  | { phase: "canceled" };

export interface Upload {
  id: string;
  file: File;
  /** The same for every try, so that a lost answer does not become a second picture. */
  key: string;
  preview: string;
  pixels: Pixels | null;
  state: UploadState;
}

export type UploadAction =
  | { type: "added"; uploads: Upload[] }
  | { type: "inspected"; id: string; reason: string | null; pixels: Pixels | null }
  | { type: "began"; id: string; at: number }
  | { type: "moved"; id: string; sent: number; total: number; at: number }
  | { type: "looked"; at: number }
  | { type: "finished"; id: string; image: Image; duplicate: boolean }
  | { type: "broke"; id: string; failure: Failure; offline: boolean }
  | { type: "canceled"; id: string }
  | { type: "again"; id: string }
  | { type: "online" }
  | { type: "replaced"; image: Image }
  | { type: "removed"; ids: string[] };

export const STALL_MS = 15_000;
export const AT_ONCE = 3;

const RUNNING: ReadonlySet<UploadState["phase"]> = new Set(["checking", "waiting", "sending", "storing"]);

export const isRunning = (upload: Upload): boolean => RUNNING.has(upload.state.phase);
const isSending = (upload: Upload): boolean => upload.state.phase === "sending" || upload.state.phase === "storing";

/** Whose turn it is to be sent. */
export function next(uploads: Upload[]): Upload[] {
  const free = AT_ONCE - uploads.filter(isSending).length;
  return uploads.filter((upload) => upload.state.phase === "waiting" && !upload.state.offline).slice(0, Math.max(0, free));
}

export function reduce(uploads: Upload[], action: UploadAction): Upload[] {
  const change = (id: string, by: (upload: Upload) => Partial<Upload>): Upload[] =>
    uploads.map((upload) => (upload.id === id ? { ...upload, ...by(upload) } : upload));
  switch (action.type) {
    case "added":
      return [...uploads, ...action.uploads];
    case "inspected":
      return change(action.id, ({ state }) => ({
        pixels: action.pixels,
        state:
          state.phase !== "checking"
            ? state
            : action.reason === null
              ? { phase: "waiting", offline: false }
              : { phase: "refused", reason: action.reason },
      }));
    case "began":
      return change(action.id, ({ file }) => ({
        state: { phase: "sending", sent: 0, total: file.size, startedAt: action.at, movedAt: action.at, stalled: false },
      }));
    case "moved":
      return change(action.id, ({ state }) => {
        if (state.phase !== "sending") return {};
        if (action.sent >= action.total) return { state: { phase: "storing" } };
        return { state: { ...state, sent: action.sent, total: action.total, movedAt: action.at, stalled: false } };
      });
    case "looked": {
      const looked = uploads.map((upload): Upload => {
        const { state } = upload;
        const stalls = state.phase === "sending" && !state.stalled && action.at - state.movedAt > STALL_MS;
        return stalls ? { ...upload, state: { ...state, stalled: true } } : upload;
      });
      // The very same list where nothing changed: this is asked every second.
      return looked.some((upload, index) => upload !== uploads[index]) ? looked : uploads;
    }
    case "finished":
      return change(action.id, () => ({ state: { phase: "done", image: action.image, duplicate: action.duplicate } }));
    case "broke":
      return change(action.id, () => ({
        state: action.offline ? { phase: "waiting", offline: true } : { phase: "failed", failure: action.failure },
      }));
    case "canceled":
      return change(action.id, (upload) => (isRunning(upload) ? { state: { phase: "canceled" } } : {}));
    case "again":
      return change(action.id, () => ({ state: { phase: "waiting", offline: false } }));
    case "online":
      return uploads.map((upload) =>
        upload.state.phase === "waiting" ? { ...upload, state: { phase: "waiting", offline: false } } : upload,
      );
    case "replaced":
      return uploads.map((upload) =>
        upload.state.phase === "done" && upload.state.image.id === action.image.id
          ? { ...upload, state: { ...upload.state, image: action.image } }
          : upload,
      );
    case "removed":
      return uploads.filter((upload) => !action.ids.includes(upload.id));
  }
}
