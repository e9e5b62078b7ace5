import { useEffect } from "react";
import { keys, newKey } from "../keys";
import type { Failure } from "../failure";
import { useDarkroom } from "../provider";
import { beginning, lengthOf } from "../text";
import type { Budget, Estimate, Job } from "../types";
import { choiceOf, settle, type Offer } from "./offer";
import { useCatalogue, useDraft, useEstimate, useSubmission, type Draft } from "./useGenerate";
import { useCancel, useForget, useJob } from "./useJobs";

/** Longest alt text that is stored. */
const MOST_ALT = 1000;

/** Why nothing can be ordered: no description, one that is too long for the model, a budget that does not cover it. */
export type OrderProblem = "empty" | "long" | "budget";

export interface Generator {
  /** What is described so far; it survives closing and reloading. */
  draft: Draft;
  edit: (change: Partial<Draft>) => void;
  /** What can be chosen and what is; null while it is loaded, or where no model is left. */
  offer: Offer | null;
  /** The list of offers: not here yet, or not to be had. */
  loading: boolean;
  unavailable: Error | null;
  reload: () => void;
  /** The server's word on the price of what is chosen now; null until it is here. */
  estimate: Estimate | null;
  /** In US dollars; from the price list until the server has said so; null where nobody knows. */
  price: string | null;
  /** Null where nothing is limited, or where it is not known yet. */
  budget: Budget | null;
  problem: OrderProblem | null;
  /** Orders what the draft describes, once, however often it is called before an answer came. Does nothing where it cannot. */
  submit: () => void;
  sending: boolean;
  /** The answer was lost: the same wish with the same key is sent until one comes. */
  reattaching: boolean;
  refused: Failure | null;
  /** Gives up on a lost answer, and forgets a refusal. */
  stop: () => void;
  /** The newest job of this draft, followed until it ends. */
  job: Job | null;
  /** Asks to stop it; the job says whether that was in time, and what it cost. */
  cancel: () => void;
  canceling: boolean;
  /** Nobody knows whether the asking to stop arrived. */
  cancelFailed: Error | null;
  /** Takes it out of the tray's list: somebody saw how it ended. */
  forget: () => void;
}

/** Everything that is known of, and can be done about, the picture that somebody describes. */
export function useGenerator(businessId: number): Generator {
  const { client } = useDarkroom();
  const [draft, change] = useDraft(businessId);
  const catalogue = useCatalogue();
  const offer = catalogue.data ? settle(catalogue.data, draft) : null;
  const { estimate, budget } = useEstimate(businessId, offer && choiceOf(offer));
  const submission = useSubmission(businessId);
  const { refused, stop } = submission;
  const job = useJob(businessId, draft.jobId).data?.job ?? null;
  const stopJob = useCancel(businessId);
  const forgetJobs = useForget(businessId);
  const price = estimate?.unitCostUsd ?? offer?.price ?? null;
  const prompt = draft.prompt.trim();
  const problem = blocked();
  function blocked(): OrderProblem | null {
    if (offer && lengthOf(prompt) > offer.model.maxPromptCharacters) return "long";
    if (budget && Number(budget.leftUsd) < Number(price)) return "budget";
    return prompt ? null : "empty";
  }

  useEffect(() => {
    // What was refused is no longer what is shown: prices and models are asked again, a used key is replaced.
    if (refused) void client.invalidateQueries({ queryKey: keys.catalogue() });
    if (refused?.code === "idempotency_key_reused") change({ key: newKey() });
  }, [refused, client, change]);

  return {
    draft,
    edit: (by) => {
      if (refused) stop(); // What was refused is not what is asked for now.
      change(by);
    },
    offer,
    loading: catalogue.isPending && !catalogue.isError,
    unavailable: catalogue.error,
    reload: () => void catalogue.refetch(),
    estimate,
    price,
    budget,
    problem,
    submit: () => {
      if (!offer || problem) return;
      const altText = beginning(prompt, MOST_ALT);
      submission.submit({ ...choiceOf(offer), key: draft.key, businessId, prompt, altText, maxCostUsd: price });
    },
    sending: submission.sending,
    reattaching: submission.reattaching,
    refused,
    stop,
    job,
    cancel: () => job && stopJob.mutate(job.jobId),
    canceling: stopJob.isPending || Boolean(job?.cancelRequested),
    cancelFailed: stopJob.error,
    forget: () => job && forgetJobs([job.jobId]),
  };
}
