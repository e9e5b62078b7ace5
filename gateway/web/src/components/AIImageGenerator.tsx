import { useEffect, useRef } from "react";
import { choiceOf, settle, type Offer } from "../hooks/offer";
import { useCatalogue, useDraft, useEstimate, useSubmission, type Draft } from "../hooks/useGenerate";
import { useForget, useJob } from "../hooks/useJobs";
import { keys, newKey } from "../keys";
import { useDarkroom, useMessages } from "../provider";
import { isFinal, type Image, type Job } from "../types";
import { Button } from "../ui/Button";
import { useLive } from "../ui/Live";
import { FailureNotice, Notice } from "../ui/Notice";
import { Surface } from "../ui/Surface";
import { Skeleton } from "../ui/Thumb";
import { JobStage, spokenOf } from "./JobStage";
import { PromptForm } from "./PromptForm";
import styles from "./generator.module.css";

export interface AIImageGeneratorProps {
  businessId: number;
  /** A picture that was asked for here is ready. */
  onGenerated?: (image: Image) => void;
  /** Shows a button that uses the ready picture; without it there is none. */
  onUse?: (image: Image) => void;
  /** A picture dearer than this, in US dollars, asks once more before it is ordered. Default 0.15. */
  confirmAboveUsd?: number;
}

export function AIImageGenerator({ businessId, onGenerated, onUse, confirmAboveUsd = 0.15 }: AIImageGeneratorProps) {
  const { generate: words, common } = useMessages();
  const { client } = useDarkroom();
  const [live, announce] = useLive();
  const [draft, edit] = useDraft(businessId);
  const catalogue = useCatalogue();
  const offer = catalogue.data ? settle(catalogue.data, draft) : null;
  const { data: estimate } = useEstimate(businessId, offer && choiceOf(offer));
  const { sending, reattaching, refused, submit, stop } = useSubmission(businessId);
  const { data: status } = useJob(businessId, draft.jobId);
  const job = status?.job ?? null;
  const root = useRef<HTMLElement>(null);

  const order = (): void => {
    const prompt = draft.prompt.trim();
    if (!offer || !prompt) return;
    submit({ ...choiceOf(offer), key: draft.key, businessId, prompt, altText: prompt, maxCostUsd: offer.price });
  };
  const stage = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // On a phone the picture's place is below the form.
    if (sending) stage.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }, [sending]);
  const change = (by: Partial<Draft>): void => {
    if (refused) stop(); // What was refused is not what is asked for now.
    edit(by);
  };
  const editPrompt = (): void => root.current?.querySelector<HTMLElement>("[data-prompt]")?.focus();

  useEffect(() => {
    // What was refused is no longer what is shown: prices and models are asked again, a used key is replaced.
    if (refused) void client.invalidateQueries({ queryKey: keys.catalogue() });
    if (refused?.code === "idempotency_key_reused") edit({ key: newKey() });
  }, [refused, client, edit]);
  useArrival(job, onGenerated);
  const forget = useForget(businessId);
  useEffect(() => {
    if (job && isFinal(job) && !root.current?.closest("[hidden]")) forget([job.jobId]);
  }, [job, forget]);
  const spoken = job ? spokenOf(job, words) : "";
  useEffect(() => announce(spoken, job?.status === "failed"), [announce, spoken, job?.status]);

  return (
    <Surface className={styles["generator"]} aria-label={words.submit} ref={root}>
      <div className={styles["columns"]}>
        <div className={styles["left"]}>
          {offer ? (
            <PromptForm
              draft={draft}
              offer={offer}
              estimate={estimate ?? null}
              sending={sending}
              confirmAboveUsd={confirmAboveUsd}
              onEdit={change}
              onSubmit={order}
            />
          ) : catalogue.data ? (
            <Notice tone="warn" title={words.noModel} />
          ) : catalogue.isError ? (
            <FailureNotice
              failure={catalogue.error}
              actions={
                <Button small onClick={() => void catalogue.refetch()}>
                  {common.retry}
                </Button>
              }
            />
          ) : (
            <FormSkeleton />
          )}
          {reattaching && (
            <Notice
              tone="warn"
              title={words.reattach}
              actions={
                <Button small onClick={stop}>
                  {words.stopTrying}
                </Button>
              }
            />
          )}
          {refused && !sending && <FailureNotice failure={refused} />}
        </div>
        <div ref={stage} className={styles["right"]}>
          <JobStage
            businessId={businessId}
            job={job}
            shape={job ? shapeOf(job.size) : offer ? offer.size : { width: 1, height: 1 }}
            price={offer?.price ?? null}
            sending={sending}
            onAgain={order}
            onEdit={editPrompt}
            onUse={onUse}
          />
        </div>
      </div>
      {live}
    </Surface>
  );
}

/** Width and height of a size such as `1024x1792`. */
function shapeOf(size: string): Pick<Offer["size"], "width" | "height"> {
  const [width = 1, height = 1] = size.split("x").map(Number);
  return { width, height };
}

/** Tells of a picture that was still being made when this was first looked at; never of an old one. */
function useArrival(job: Job | null, arrived: ((image: Image) => void) | undefined): void {
  const latest = useRef(arrived);
  useEffect(() => {
    latest.current = arrived;
  });
  const awaited = useRef<string | null>(null);
  useEffect(() => {
    if (job && !isFinal(job)) awaited.current = job.jobId;
    if (!job?.image || awaited.current !== job.jobId) return;
    awaited.current = null;
    latest.current?.(job.image);
  }, [job]);
}

function FormSkeleton() {
  return (
    <div className={styles["form"]}>
      <Skeleton style={{ height: 132 }} />
      <Skeleton style={{ height: 92 }} />
      <Skeleton style={{ height: 104 }} />
      <Skeleton style={{ height: 56 }} />
    </div>
  );
}
