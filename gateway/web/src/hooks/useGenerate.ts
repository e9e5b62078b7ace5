import { keepPreviousData, useMutationState, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import type { Status } from "../api";
import { asFailure } from "../failure";
import { keys, newKey } from "../keys";
import { useDarkroom } from "../provider";
import { readStored, useStored, writeStored } from "../stored";
import type { Choice, Job, Wish } from "../types";
import { useTracked } from "./useJobs";
import { useLatest } from "./useLatest";

export interface Draft extends Partial<Choice> {
  prompt: string;
  /** Text that the chosen style adds. */
  style: string;
  altText: string;
  /** The job that the form shows beside it. */
  jobId: string | null;
  /** Made when the form was opened for this picture, not when it is sent: a double click is one job. */
  key: string;
}

const EMPTY: Draft = { prompt: "", style: "", altText: "", jobId: null, key: "" };
const NOTHING: Wish[] = [];
const pendingName = (businessId: number): string => `pending:${businessId}`;
const MOST_TRIES = 40;

/** What somebody began to describe; it survives closing and reloading. */
export function useDraft(businessId: number): [Draft, (change: Partial<Draft>) => void] {
  const [draft, change] = useStored(`draft:${businessId}`, EMPTY);
  const edit = useCallback((by: Partial<Draft>) => change((now) => ({ ...now, ...by })), [change]);
  useEffect(() => {
    if (!draft.key) edit({ key: newKey() });
  }, [draft.key, edit]);
  return [draft, edit];
}

/** Sends wishes, each exactly once however often the connection breaks or the page is loaded again. */
export function useSubmission(businessId: number) {
  const { api, client } = useDarkroom();
  const [, edit] = useDraft(businessId);
  const { track } = useTracked(businessId);
  const states = useMutationState(
    {
      filters: { mutationKey: keys.submission(businessId) },
      select: ({ state }) => ({ status: state.status, tries: state.failureCount, paused: state.isPaused, error: state.error }),
    },
    client,
  );
  const last = states.at(-1);

  const submit = useCallback(
    (wish: Wish) => {
      const cache = client.getMutationCache();
      const same = cache.find<Job, Error, Wish>({ mutationKey: keys.submission(businessId), status: "pending" });
      if (same) return;
      keep(businessId, (now) => [...now.filter(({ key }) => key !== wish.key), wish]);
      const mutation = cache.build<Job, Error, Wish, unknown>(client, {
        mutationKey: keys.submission(businessId),
        mutationFn: (sent) => api.generate(sent),
        retry: (tries, error) => tries < MOST_TRIES && asFailure(error).ambiguous && isKept(businessId, wish.key),
        retryDelay: (tries) => Math.min(15_000, 500 * 2 ** tries) * (1 + Math.random() * 0.2),
        onSuccess: (job) => {
          client.setQueryData<Status>(keys.job(job.jobId), { job, etag: null, retryAfter: 1 });
          track([job.jobId]);
          edit({ jobId: job.jobId, key: newKey() });
        },
        onSettled: () => {
          keep(businessId, (now) => now.filter(({ key }) => key !== wish.key));
          // Accepted, its estimate is reserved; refused, what was shown of prices and budget may be old.
          void client.invalidateQueries({ queryKey: keys.estimates(businessId) });
        },
      });
      mutation.execute(wish).catch(() => undefined); // Its state tells of the failure.
    },
    [api, client, businessId, track, edit],
  );

  useEffect(() => {
    const [left] = readStored(pendingName(businessId), NOTHING);
    if (left) submit(left);
  }, [businessId, submit]);

  const stop = useCallback(() => {
    keep(businessId, () => NOTHING);
    const cache = client.getMutationCache();
    for (const wish of cache.findAll({ mutationKey: keys.submission(businessId) })) cache.remove(wish);
  }, [businessId, client]);

  const sending = last?.status === "pending";
  return {
    /** A wish is on its way, or waits for the connection. */
    sending,
    /** An answer was lost: the same wish with the same key is sent until one comes. */
    reattaching: sending && (last.tries > 0 || last.paused),
    refused: last?.status === "error" ? asFailure(last.error) : null,
    submit,
    /** Gives up on a lost answer, and forgets a refusal. */
    stop,
  };
}

const keep = (businessId: number, change: (now: Wish[]) => Wish[]): void =>
  writeStored(pendingName(businessId), change(readStored(pendingName(businessId), NOTHING)));

const isKept = (businessId: number, key: string): boolean => readStored(pendingName(businessId), NOTHING).some((wish) => wish.key === key);

export function useCatalogue() {
  const { api, client } = useDarkroom();
  return useQuery({ queryKey: keys.catalogue(), queryFn: ({ signal }) => api.catalogue(signal), staleTime: 300_000 }, client);
}

const PAUSE_MS = 200;

/** The server's own word on the price and what is left of the budget, asked when the choice has come to rest. Until the answer
    is here, what is known of the budget from the choice before stays. */
export function useEstimate(businessId: number, choice: Choice | null) {
  const { api, client } = useDarkroom();
  const settled = useSettled(choice);
  const { data, isPlaceholderData } = useQuery(
    {
      queryKey: keys.estimate(businessId, settled ?? { model: "", size: "", quality: "" }),
      queryFn: ({ signal }) => (settled ? api.estimate(businessId, settled, signal) : null),
      enabled: settled !== null,
      staleTime: 60_000,
      placeholderData: keepPreviousData,
    },
    client,
  );
  const current = data && !isPlaceholderData && same(settled, choice) ? data : null;
  return { estimate: current, budget: data?.budget ?? null };
}

const same = (one: Choice | null, other: Choice | null): boolean =>
  one?.model === other?.model && one?.size === other?.size && one?.quality === other?.quality;

/** The first choice at once, every other when no new one came for a moment. */
function useSettled(choice: Choice | null): Choice | null {
  const [settled, settle] = useState(choice);
  if (settled === null && choice !== null) settle(choice);
  const waiting = !same(settled, choice);
  const latest = useLatest(choice);
  const wanted = choice && `${choice.model} ${choice.size} ${choice.quality}`; // The object is new each time.
  useEffect(() => {
    if (!waiting) return;
    const soon = setTimeout(() => settle(latest.current), PAUSE_MS);
    return () => clearTimeout(soon);
  }, [waiting, wanted, latest]);
  return settled;
}
