import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { keys } from "../keys";
import { useDarkroom } from "../provider";
import type { LibraryQuery } from "../types";

export const PAGE_SIZE = 20;

/** A page of the library, and those that were added under it. What was there before stays in view until the next is here. */
export function usePages(businessId: number, view: LibraryQuery) {
  const { api, client } = useDarkroom();
  const query = useInfiniteQuery(
    {
      queryKey: keys.page(businessId, view),
      queryFn: ({ pageParam: cursor, signal }) =>
        cursor === null ? api.images(businessId, view, signal) : api.following(businessId, view, cursor, PAGE_SIZE, signal),
      initialPageParam: null as string | null,
      getNextPageParam: ({ nextCursor }) => nextCursor,
      placeholderData: keepPreviousData,
    },
    client,
  );
  const chunks = query.data?.pages ?? [];
  const found = chunks.flatMap(({ items }) => items);
  const newest = chunks.at(-1);
  const exact = newest?.totalExact ?? true;
  const before = (view.page - 1) * PAGE_SIZE;
  const to = before + found.length;
  return {
    query,
    /** Without what was moved to the trash, or out of it, since it was asked for. */
    items: query.isPlaceholderData ? found : found.filter(({ deletedAt }) => (deletedAt !== null) === view.trashed),
    span: { from: before + 1, to, total: Math.max(newest?.total ?? 0, to), exact },
    next: query.hasNextPage ? view.page + chunks.length : null,
    /** Nobody counted so far where the total is not exact. */
    last: exact ? (newest?.pages ?? 1) : null,
  };
}

/** Where the shown pictures stand among all that match. */
export interface Span {
  /** Counted from 1. */
  from: number;
  to: number;
  total: number;
  /** False: there are more than `total`. */
  exact: boolean;
}
