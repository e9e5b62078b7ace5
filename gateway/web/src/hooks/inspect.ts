/** What can be said of a file before it is sent: its kind by its bytes, its size, its pixels. The server decides all the same. */
import type { Format } from "../format";
import type { Messages } from "../messages";

export const MAX_BYTES = 10 * 1024 * 1024;
export const MAX_PIXELS = 25_000_000;

export type Kind = "jpeg" | "png" | "webp" | "heic" | "other";

export interface Pixels {
  width: number;
  height: number;
}

export function kindOf(head: Uint8Array): Kind {
  const text = (from: number, to: number): string => String.fromCharCode(...head.subarray(from, to));
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return "jpeg";
  if (text(1, 4) === "PNG" && head[0] === 0x89) return "png";
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return "webp";
  if (text(4, 8) === "ftyp" && /^(hei|hev|mif|msf)/.test(text(8, 12))) return "heic";
  return "other";
}

/** Why the file is not taken; null when it may be sent. */
export async function refusal(
  file: File,
  { upload }: Messages,
  { bytes, number }: Format,
  measure: Measure,
): Promise<{ reason: string | null; pixels: Pixels | null }> {
  const no = (reason: string): { reason: string; pixels: null } => ({ reason, pixels: null });
  if (file.size === 0) return no(upload.empty);
  const kind = kindOf(new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  if (kind === "heic") return no(upload.heic);
  if (kind === "other") return no(upload.notAnImage);
  if (file.size > MAX_BYTES) return no(upload.tooLarge(bytes(file.size)));
  const pixels = await measure(file);
  const many = pixels ? pixels.width * pixels.height : 0;
  return many > MAX_PIXELS ? no(upload.tooManyPixels(number(many / 1e6, 1))) : { reason: null, pixels };
}

export type Measure = (file: File) => Promise<Pixels | null>;

/** Upright width and height; null where this browser cannot read the file, which is then the server's to judge. */
export async function measure(file: File): Promise<Pixels | null> {
  const url = URL.createObjectURL(file);
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    return { width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(url);
  }
}
