/** Names of what is cached, made by functions so that no two places can disagree. */
import type { Choice, LibraryQuery, Platform } from "./types";

export const keys = {
  sandbox: () => ["sandbox"],
  catalogue: () => ["catalogue"],
  estimates: (businessId: number) => ["estimate", businessId],
  estimate: (businessId: number, choice: Choice) => [...keys.estimates(businessId), choice],
  library: (businessId: number) => ["library", businessId],
  page: (businessId: number, query: LibraryQuery) => [...keys.library(businessId), query],
  image: (id: string) => ["image", id],
  copies: (id: string) => ["copies", id],
  posts: (id: string) => ["posts", id],
  sharp: (id: string, width: number, fit: string) => ["sharp", id, width, fit],
  verdict: (id: string, platform: Platform) => ["verdict", id, platform],
  jobs: (businessId: number) => ["jobs", businessId],
  job: (id: string) => ["job", id],
  submission: (businessId: number) => ["submission", businessId],
};

/** A new idempotency key. Not `crypto.randomUUID`, which plain-http pages do not have. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
