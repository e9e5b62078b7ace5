import { useMutation, useQueries, useQuery, type Query, type QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import type { Api, Status } from "../api";
import { asFailure } from "../failure";
import { keys } from "../keys";
import { useDarkroom } from "../provider";
import { useStored } from "../stored";
import { isFinal, type Image } from "../types";
import { useRefreshLibrary } from "./useLibrary";

const NONE: string[] = [];
const MOST = 30;
const AT_ONCE_MS = 100;

/** The ids of the jobs that this browser follows, newest first; shared by all tabs, kept over a reload. `forget` takes out those
    that somebody saw end. */
export function useTracked(businessId: number) {
  const [ids, change] = useStored(`jobs:${businessId}`, NONE);
  const track = useCallback(
    (more: string[]) =>
      change((now) => (more.every((id) => now.includes(id)) ? now : [...more.filter((id) => !now.includes(id)), ...now].slice(0, MOST))),
    [change],
  );
  const forget = useCallback((gone: string[]) => change((now) => now.filter((id) => !gone.includes(id))), [change]);
  return { ids, track, forget };
}

function follow(api: Api, client: QueryClient, businessId: number, id: string, arrived: (images: Image[]) => void) {
  return {
    queryKey: keys.job(id),
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Status> => {
      const known = client.getQueryData<Status>(keys.job(id));
      const found = await hold(known, (may) => api.status(id, known, may, signal));
      if (known && !isFinal(known.job) && isFinal(found.job)) {
        if (found.job.image) arrived([found.job.image]);
        void client.invalidateQueries({ queryKey: keys.estimates(businessId) }); // Its true cost has taken the place of the estimate.
      }
      return found;
    },
    refetchInterval: pause,
    refetchOnWindowFocus: (query: Query<Status>) => !ended(query) && ("always" as const),
    refetchOnReconnect: (query: Query<Status>) => !ended(query) && ("always" as const),
    staleTime: (query: Query<Status>) => (ended(query) ? Infinity : 0),
    gcTime: Infinity,
  };
}

let holding = false;

/** Lets one question at a time be held by the server: a browser has few connections to one address, and all tabs share them. */
async function hold(known: Status | undefined, ask: (may: boolean) => Promise<Status>): Promise<Status> {
  if (holding || document.hidden || !known?.etag || isFinal(known.job)) return ask(false);
  holding = true;
  try {
    return await ask(true);
  } finally {
    holding = false;
  }
}

const ended = (query: Query<Status>): boolean => {
  const { data, error } = query.state;
  return data ? isFinal(data.job) : error !== null && asFailure(error).status === 404;
};

/** As long as the server asks for, and a little at random so that many pages do not ask in step; longer and longer while it fails. */
function pause(query: Query<Status>): number | false {
  const { data, status, dataUpdatedAt } = query.state;
  if (ended(query)) return false;
  if (data?.held && status === "success") return AT_ONCE_MS;
  const seconds = status === "error" ? Math.min(20, Math.max(2, (Date.now() - dataUpdatedAt) / 2000)) : (data?.retryAfter ?? 2);
  return seconds * 1000 * (1 + Math.random() * 0.2);
}

/** One job, followed until it ends. */
export function useJob(businessId: number, id: string | null) {
  const { api, client } = useDarkroom();
  const arrived = useRefreshLibrary(businessId);
  return useQuery({ ...follow(api, client, businessId, id ?? "", arrived), enabled: id !== null }, client);
}

/** All jobs that run for this business, whoever started them, and those this browser saw end. */
export function useJobs(businessId: number) {
  const { api, client } = useDarkroom();
  const { ids, track, forget } = useTracked(businessId);
  const arrived = useRefreshLibrary(businessId);
  const { data: listed } = useQuery(
    { queryKey: keys.jobs(businessId), queryFn: ({ signal }) => api.jobs(businessId, signal), staleTime: 30_000 },
    client,
  );

  useEffect(() => {
    const open = (listed?.items ?? []).filter((job) => !isFinal(job)).map((job) => job.jobId);
    if (open.length) track(open);
  }, [listed, track]);

  const found = useQueries({ queries: ids.map((id) => follow(api, client, businessId, id, arrived)) }, client);
  const gone = ids.filter((_id, index) => found[index]?.error && asFailure(found[index].error).status === 404).join();
  useEffect(() => {
    if (gone) forget(gone.split(","));
  }, [gone, forget]);

  const jobs = found.flatMap(({ data }) => (data && data.job.businessId === businessId ? [data.job] : []));
  const lost = found.some(({ error, data }) => error !== null && !(data && isFinal(data.job)));
  return {
    /** Newest first. */
    jobs,
    running: jobs.filter((job) => !isFinal(job)),
    /** The last look at one of them failed; it is being tried again. */
    lost,
    forget,
  };
}

export type Jobs = ReturnType<typeof useJobs>;

/** Asks to stop a job; the answer says whether that was in time. */
export function useCancel(businessId: number) {
  const { api, client } = useDarkroom();
  return useMutation(
    {
      mutationFn: (id: string) => api.cancel(id),
      onSuccess: (job) => {
        client.setQueryData<Status>(keys.job(job.jobId), { job, etag: null, retryAfter: isFinal(job) ? null : 1 });
        if (isFinal(job)) void client.invalidateQueries({ queryKey: keys.estimates(businessId) });
      },
      onError: (_error, id) => client.invalidateQueries({ queryKey: keys.job(id) }),
    },
    client,
  );
}
