import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { keys } from "../keys";
import { useDarkroom } from "../provider";
import { useStored } from "../stored";
import type { FixMode, Image, LibraryQuery, Page, Platform, Preset } from "../types";

const NONE: string[] = [];
const newName = (businessId: number): string => `new:${businessId}`;

/** One page of the library. The page before stays in view until the next one is here. */
export function usePage(businessId: number, query: LibraryQuery) {
  const { api, client } = useDarkroom();
  return useQuery(
    {
      queryKey: keys.page(businessId, query),
      queryFn: ({ signal }) => api.images(businessId, query, signal),
      placeholderData: keepPreviousData,
    },
    client,
  );
}

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

/** Everything that changes the library; each refreshes what is shown. */
export function useLibraryActions(businessId: number) {
  const { api, client } = useDarkroom();
  const reload = (): Promise<void> => client.invalidateQueries({ queryKey: keys.library(businessId) });
  const put = (image: Image): void => {
    client.setQueryData(keys.image(image.id), image);
    client.setQueriesData<Page<Image>>({ queryKey: keys.library(businessId) }, (page) =>
      page ? { ...page, items: page.items.map((item) => (item.id === image.id ? image : item)) } : page,
    );
  };
  const remove = useMutation({ mutationFn: (id: string) => api.remove(id), onSuccess: put, onSettled: reload }, client);
  const restore = useMutation({ mutationFn: (id: string) => api.restore(id), onSuccess: put, onSettled: reload }, client);
  const removeAll = useMutation({ mutationFn: (ids: string[]) => api.removeAll(businessId, ids), onSettled: reload }, client);
  const edit = useMutation(
    {
      mutationFn: ({ id, ...change }: { id: string; filename?: string; altText?: string | null }) => api.rename(id, change),
      onSuccess: put,
    },
    client,
  );
  return { remove, restore, removeAll, edit };
}

/** What a platform says of an image. */
export function useVerdict(image: Image | null, platform: Platform) {
  const { api, client } = useDarkroom();
  return useQuery(
    {
      queryKey: keys.verdict(image?.id ?? "", platform),
      queryFn: ({ signal }) => api.validate(image?.id ?? "", platform, signal),
      enabled: image !== null,
      staleTime: Infinity,
    },
    client,
  );
}

/** Makes a copy that fits Instagram; the original stays. */
export function useFix(businessId: number) {
  const { api, client } = useDarkroom();
  const refresh = useRefreshLibrary(businessId);
  return useMutation(
    {
      mutationFn: ({ image, mode }: { image: Image; mode: FixMode }) => api.derive(image.id, nearestPreset(image), mode),
      onSuccess: (image) => refresh([image]),
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
