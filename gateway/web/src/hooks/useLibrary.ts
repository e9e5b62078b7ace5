import { useMutation, useQuery, type InfiniteData } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import { asFailure } from "../failure";
import { keys } from "../keys";
import { useDarkroom } from "../provider";
import { useStored } from "../stored";
import type { FixMode, Image, Page, Preset } from "../types";
import { everyMatching, inHundreds, type Along, type Outcome } from "./bulk";
import { useLibraryView } from "./useLibraryView";
import { usePages } from "./usePages";

const NONE: string[] = [];
const newName = (businessId: number): string => `new:${businessId}`;

/** The library of a business without a face: what is shown of it, and all that can be done with it. `ImageLibrary` is made of this. */
export function useLibrary(businessId: number) {
  const { api } = useDarkroom();
  const [view, change] = useLibraryView(businessId);
  const { query, items, span, next, last } = usePages(businessId, view);
  const [arrived, forget] = useNewcomers(businessId);
  const { put, reload } = useShown(businessId);
  const unseen = view.trashed ? [] : arrived.filter((id) => !items.some((item) => item.id === id));

  useEffect(forget, [forget]);
  useEffect(() => {
    // The last picture of the last page was deleted.
    if (!query.isPlaceholderData && query.data && span.to < span.from && view.page > 1)
      change({ page: Math.max(1, Math.min(view.page - 1, last ?? view.page)) });
  }, [query.data, query.isPlaceholderData, span.from, span.to, last, view.page, change]);

  const settle = (outcome: Outcome): Outcome => {
    for (const image of outcome.done) put(image);
    for (const { image } of outcome.left) put(image);
    void reload();
    return outcome;
  };
  /** At once for the eye; what the server refuses comes back. */
  const removeOne = async (image: Image, evenIfUsed: boolean): Promise<Outcome> => {
    put({ ...image, deletedAt: new Date().toISOString() });
    try {
      return { done: [await api.remove(image.id, evenIfUsed)], left: [], failure: null };
    } catch (thrown) {
      put(image);
      const failure = asFailure(thrown);
      if (failure.code !== "image_in_use") return { done: [], left: [], failure };
      // How many posts show it is good to know, but not worth a failure of its own.
      const now = await api.image(image.id).catch(() => image);
      return { done: [], left: [{ image: now, reason: "in_use" }], failure: null };
    }
  };

  return {
    /** What is shown: page, search, filter, or the trash. */
    view,
    change,
    /** The pictures of the page, and of those that were loaded under it. */
    items,
    span,
    /** The numbers of the pages around; null where there is none, `last` also where nobody counted so far. */
    pages: { previous: view.page > 1 ? view.page - 1 : null, next, last },
    turn: (page: number) => change({ page }),
    /** Adds the next pictures under those that are shown. */
    loadMore: async () => void (await query.fetchNextPage()),
    loadingMore: query.isFetchingNextPage,
    /** Nothing is here yet. */
    pending: query.isPending,
    /** What is here belongs to the view before this one. */
    stale: query.isPlaceholderData,
    error: query.isFetchNextPageError ? null : query.error,
    /** Why the next pictures could not be added. */
    moreError: query.isFetchNextPageError ? query.error : null,
    /** Asks again for what failed. */
    retry: () => void query.refetch(),
    /** How many pictures came since the library was opened and are not shown. */
    newcomers: unseen.length,
    showNew: () => {
      forget();
      change({ page: 1, search: "", source: "all" });
      void reload();
    },
    /** To the trash. Those that posts show are left with the reason `in_use`, unless `evenIfUsed`. Does not reject. */
    remove: async (images: Image[], { evenIfUsed = false, ...along }: Along & { evenIfUsed?: boolean } = {}) => {
      const [first] = images;
      if (first && images.length === 1) return settle(await removeOne(first, evenIfUsed));
      return settle(await inHundreds(images, (ids) => api.removeAll(businessId, ids, evenIfUsed), along));
    },
    /** Out of the trash. Does not reject. */
    restore: async (images: Image[], along?: Along) => settle(await inHundreds(images, (ids) => api.restoreAll(businessId, ids), along)),
    /** Every picture of the view, not only the shown ones; at most MOST_SELECTED of them. Rejects as a request does. */
    everyMatching: (along?: Along) => everyMatching(api, businessId, view, along),
  };
}

export type Library = ReturnType<typeof useLibrary>;

/** Pictures that came while somebody may be pointing at the library: they are announced there, not pushed in. */
export function useNewcomers(businessId: number): [ids: string[], forget: () => void] {
  const [ids, change] = useStored(newName(businessId), NONE);
  const forget = useCallback(() => change((now) => (now.length ? NONE : now)), [change]);
  return [ids, forget];
}

/** Tells every open library that these pictures exist. */
export function useRefreshLibrary(businessId: number): (images: Image[]) => void {
  const { client } = useDarkroom();
  const [, change] = useStored(newName(businessId), NONE);
  return useCallback(
    (images) => {
      for (const image of images) client.setQueryData(keys.image(image.id), image);
      change((now) => [...now, ...images.map(({ id }) => id).filter((id) => !now.includes(id))]);
      void client.invalidateQueries({ queryKey: keys.library(businessId), refetchType: "none" });
    },
    [client, change, businessId],
  );
}

/** One image, from the cache where a page brought it. */
export function useImage(id: string | null) {
  const { api, client } = useDarkroom();
  return useQuery({ queryKey: keys.image(id ?? ""), queryFn: ({ signal }) => api.image(id ?? "", signal), enabled: id !== null }, client);
}

/** What every open library shows: `put` replaces one picture in it at once, `reload` asks for all of it again. */
function useShown(businessId: number) {
  const { client } = useDarkroom();
  const reload = (): Promise<void> => client.invalidateQueries({ queryKey: keys.library(businessId) });
  const put = (image: Image): void => {
    client.setQueryData(keys.image(image.id), image);
    client.setQueriesData<InfiniteData<Page<Image>>>({ queryKey: keys.library(businessId) }, (shown) => {
      const replaced = (page: Page<Image>) => ({ ...page, items: page.items.map((item) => (item.id === image.id ? image : item)) });
      return shown && { ...shown, pages: shown.pages.map(replaced) };
    });
  };
  return { put, reload };
}

/** What changes one picture; each refreshes what is shown. */
export function useLibraryActions(businessId: number) {
  const { api, client } = useDarkroom();
  const { put, reload } = useShown(businessId);
  const remove = useMutation({ mutationFn: (id: string) => api.remove(id), onSuccess: put, onSettled: reload }, client);
  const restore = useMutation({ mutationFn: (id: string) => api.restore(id), onSuccess: put, onSettled: reload }, client);
  const edit = useMutation(
    {
      mutationFn: ({ id, ...change }: { id: string; filename?: string; altText?: string | null }) => api.rename(id, change),
      onSuccess: put,
      // One after the other, so that the last word of a person is the last for the server.
      scope: { id: `edit:${businessId}` },
    },
    client,
  );
  return { remove, restore, edit };
}

/** Makes a copy that fits Instagram; the original stays. */
export function useFix(businessId: number) {
  const { api, client } = useDarkroom();
  const refresh = useRefreshLibrary(businessId);
  return useMutation(
    {
      mutationFn: ({ image, mode }: { image: Image; mode: FixMode }) => api.derive(image.id, nearestPreset(image), mode),
      onSuccess: (copy, { image }) => {
        refresh([copy]);
        void client.invalidateQueries({ queryKey: keys.copies(image.id) });
      },
    },
    client,
  );
}

/** The shape within Instagram's limits that takes least away. */
export function nearestPreset({ width, height }: { width: number; height: number }): Preset {
  const ratio = width / height;
  if (ratio <= 0.9) return "instagram_4x5";
  return ratio < 1.45 ? "instagram_1x1" : "instagram_191x100";
}
