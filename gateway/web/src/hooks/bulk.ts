/** Many pictures at once, a hundred in each request, and what came of every single one. */
import type { Api, BulkResult } from "../api";
import { asFailure, type Failure } from "../failure";
import type { Image, LibraryQuery } from "../types";

/** Most pictures that can be selected at once. */
export const MOST_SELECTED = 500;
const HUNDRED = 100;

/** For work that takes a while: how far it is, and the way to stop it. */
export interface Along {
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

export type Reason = Exclude<BulkResult["status"], "deleted" | "restored">;

/** A picture that was left as it is, in its newest state, and why. */
export interface Left {
  image: Image;
  reason: Reason;
}

export interface Outcome {
  /** In their new state. */
  done: Image[];
  left: Left[];
  /** A request failed: pictures that stand in neither list were not tried, or nobody knows. */
  failure: Failure | null;
}

/** Does not reject. After `signal` it stops before the next hundred. */
export async function inHundreds(
  images: Image[],
  ask: (ids: string[]) => Promise<{ results: BulkResult[] }>,
  { signal, onProgress }: Along = {},
): Promise<Outcome> {
  const outcome: Outcome = { done: [], left: [], failure: null };
  for (let from = 0; from < images.length && !signal?.aborted; from += HUNDRED) {
    const part = images.slice(from, from + HUNDRED);
    try {
      const { results } = await ask(part.map(({ id }) => id));
      for (const before of part) sort(before, results, outcome);
    } catch (thrown) {
      return { ...outcome, failure: asFailure(thrown) };
    }
    onProgress?.(from + part.length);
  }
  return outcome;
}

function sort(before: Image, results: BulkResult[], { done, left }: Outcome): void {
  const result = results.find(({ id }) => id === before.id);
  const image = result?.image ?? before;
  if (result?.status === "deleted" || result?.status === "restored") done.push(image);
  else left.push({ image, reason: result?.status ?? "not_found" });
}

/** All pictures of a view, or the first of them and `cut` where there are more than can be selected. */
export async function everyMatching(
  api: Api,
  businessId: number,
  view: LibraryQuery,
  { signal, onProgress }: Along = {},
): Promise<{ images: Image[]; cut: boolean }> {
  const images: Image[] = [];
  let cursor: string | null = null;
  do {
    const page = await api.following(businessId, view, cursor, HUNDRED, signal);
    images.push(...page.items);
    cursor = page.nextCursor;
    onProgress?.(images.length);
  } while (cursor !== null && images.length < MOST_SELECTED);
  return { images: images.slice(0, MOST_SELECTED), cut: cursor !== null || images.length > MOST_SELECTED };
}
