/** Pictures from the store onto the reader's disk: one as it is, several as one zip. The API has no part in it. */
import { Failure, asFailure, isAbort } from "./failure";
import type { Image } from "./types";

/** Ten megabytes over a slow line. */
const PATIENCE_MS = 300_000;
/** How many are fetched before their turn in the zip. */
const AHEAD = 4;
const KEPT_MS = 60_000;

/**
 * Saves a picture under its own name. Where the browser may not fetch from the store, its address is opened instead.
 * Rejects with a Failure where the store does not have it, with an AbortError after `signal`.
 */
export async function downloadOne(image: Image, signal?: AbortSignal): Promise<"saved" | "opened"> {
  try {
    save(new Blob([await bytesOf(image, signal)], { type: `image/${image.format}` }), nameOf(image));
    return "saved";
  } catch (thrown) {
    if (isAbort(thrown) || asFailure(thrown).code !== "network") throw thrown;
    press({ href: image.url, target: "_blank", rel: "noreferrer" });
    return "opened";
  }
}

export interface Saving {
  /** Of the zip, without its ending. */
  name: string;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

/** Saves pictures as one zip and answers with those that could not be fetched; where that is all of them, nothing is saved. */
export async function downloadAll(images: Image[], { name, signal, onProgress }: Saving): Promise<Image[]> {
  const { downloadZip } = await import("client-zip");
  const missing: Image[] = [];
  const names = uniqueNames(images);
  async function* entries() {
    const start = (image: Image): Promise<Uint8Array<ArrayBuffer> | null> => bytesOf(image, signal).catch(() => null);
    const coming = images.slice(0, AHEAD).map(start);
    for (const [index, image] of images.entries()) {
      const bytes = await coming.shift();
      signal?.throwIfAborted();
      const next = images[index + AHEAD];
      if (next) coming.push(start(next));
      if (bytes) yield { input: bytes, name: names[index], lastModified: new Date(image.createdAt) };
      else missing.push(image);
      onProgress?.(index + 1);
    }
  }
  const zip = await downloadZip(entries()).blob();
  if (missing.length < images.length) save(zip, `${name}.zip`);
  return missing;
}

async function bytesOf(image: Image, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const answer = await fetch(image.url, { signal: signal ? AbortSignal.any([signal, patience]) : patience });
    if (!answer.ok) throw new Failure({ code: answer.status === 404 ? "not_found" : "storage_unavailable", status: answer.status });
    return new Uint8Array(await answer.arrayBuffer());
  } catch (thrown) {
    throw isAbort(thrown) ? thrown : asFailure(thrown);
  }
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  press({ href: url, download: name });
  // The browser may still be reading it when the press is over.
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

function press(link: Partial<HTMLAnchorElement>): void {
  const anchor = Object.assign(document.createElement("a"), link);
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}

const ENDINGS = { jpeg: /\.jpe?g$/i, png: /\.png$/i, webp: /\.webp$/i };
const ANY_ENDING = /\.(jpe?g|png|webp|heic|gif|avif|bmp|tiff?)$/i;

/** Its name with the ending of what it truly is, and nothing that a disk refuses. */
export function nameOf({ filename, format }: Pick<Image, "filename" | "format">): string {
  const safe = filename.replace(/[\\/:*?"<>|\p{Cc}]/gu, "_").trim() || "picture";
  return ENDINGS[format].test(safe) ? safe : `${safe.replace(ANY_ENDING, "")}.${format === "jpeg" ? "jpg" : format}`;
}

/** Disks do not tell upper from lower case, so `A.jpg` and `a.jpg` are the same. */
export function uniqueNames(images: Pick<Image, "filename" | "format">[]): string[] {
  const taken = new Set<string>();
  return images.map((image) => {
    const plain = nameOf(image);
    const dot = plain.lastIndexOf(".");
    let name = plain;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${plain.slice(0, dot)} (${number})${plain.slice(dot)}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
