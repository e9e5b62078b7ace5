import { useEffect } from "react";
import { keys, newKey } from "../keys";
import { useDarkroom } from "../provider";
import { beginning, lengthOf } from "../text";
import { choiceOf, settle } from "./offer";
import { useCatalogue, useDraft, useEstimate, useSubmission, type Draft } from "./useGenerate";
import { useCancel, useJob, useTracked } from "./useJobs";

/** Longest alt text that is stored. */
const MOST_ALT = 1000;

/** Why nothing can be ordered: no description, one that is too long for the model, a budget that does not cover it. */
export type OrderProblem = "empty" | "long" | "budget";

/** Everything that is known of, and can be done about, the picture that somebody describes. */
export function useGenerator(businessId: number) {
  const { client } = useDarkroom();
  const [draft, change] = useDraft(businessId);
  const catalogue = useCatalogue();
  const offer = catalogue.data ? settle(catalogue.data, draft) : null;
  const { estimate, budget } = useEstimate(businessId, offer && choiceOf(offer));
  const submission = useSubmission(businessId);
  const { refused, stop } = submission;
  const job = useJob(businessId, draft.jobId).data?.job ?? null;
  const stopJob = useCancel(businessId);
  const { forget } = useTracked(businessId);
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
    /** What is described so far; it survives closing and reloading. */
    draft,
    edit: (by: Partial<Draft>) => {
      if (refused) stop(); // What was refused is not what is asked for now.
      change(by);
    },
    /** What can be chosen and what is; null while it is loaded, or where no model is left. */
    offer,
    /** The list of offers: not here yet, or not to be had. */
    loading: catalogue.isPending && !catalogue.isError,
    unavailable: catalogue.error,
    reload: () => void catalogue.refetch(),
    /** The server's word on the price of what is chosen now; null until it is here. */
    estimate,
    /** In US dollars; from the price list until the server has said so; null where nobody knows. */
    price,
    /** Null where nothing is limited, or where it is not known yet. */
    budget,
    problem,
    /** Orders what the draft describes, once, however often it is called before an answer came. Does nothing where it cannot. */
    submit: () => {
      if (!offer || problem) return;
      const altText = beginning(prompt, MOST_ALT);
      submission.submit({ ...choiceOf(offer), key: draft.key, businessId, prompt, altText, maxCostUsd: price });
    },
    sending: submission.sending,
    /** The answer was lost: the same wish with the same key is sent until one comes. */
    reattaching: submission.reattaching,
    refused,
    /** Gives up on a lost answer, and forgets a refusal. */
    stop,
    /** The newest job of this draft, followed until it ends. */
    job,
    /** Asks to stop it; the job says whether that was in time, and what it cost. */
    cancel: () => void (job && stopJob.mutate(job.jobId)),
    canceling: stopJob.isPending || Boolean(job?.cancelRequested),
    /** Nobody knows whether the asking to stop arrived. */
    cancelFailed: stopJob.error,
    /** Takes it out of the tray's list: somebody saw how it ended. */
    forget: () => void (job && forget([job.jobId])),
  };
}

export type Generator = ReturnType<typeof useGenerator>;
