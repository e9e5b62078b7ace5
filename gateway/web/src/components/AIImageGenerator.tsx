import { useEffect, useRef, useState } from "react";
import type { Offer } from "../hooks/offer";
import { useGenerator } from "../hooks/useGenerator";
import { useLatest } from "../hooks/useLatest";
import { useMessages } from "../provider";
import { isFinal, type Image, type Job } from "../types";
import { layout } from "../ui/layout";
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
  const { generate: words, common, failures } = useMessages();
  const [live, announce] = useLive();
  const generator = useGenerator(businessId);
  const { offer, job, sending, refused, forget } = generator;
  const [asking, setAsking] = useState(false);
  const order = (): void => {
    const ask = !asking && Number(generator.price) > confirmAboveUsd;
    setAsking(ask);
    if (!ask) generator.submit();
  };
  const root = useRef<HTMLElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const editPrompt = (): void => root.current?.querySelector<HTMLElement>("[data-prompt]")?.focus();

  const ordered = useRef(false);
  useEffect(() => {
    // On a phone the picture's place is below the form; it grows by the way to cancel when the order is accepted.
    if (sending || ordered.current) stage.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    ordered.current = sending;
  }, [sending]);
  useArrival(job, onGenerated);
  const seen = useLatest(forget);
  useEffect(() => {
    if (job && isFinal(job) && !root.current?.closest("[hidden]")) seen.current();
  }, [job, seen]);
  const spoken = job ? spokenOf(job, words) : "";
  useEffect(() => announce(spoken, job?.status === "failed"), [announce, spoken, job?.status]);
  const trouble = generator.reattaching ? words.reattach : refused ? (failures[refused.code]?.title ?? refused.message) : "";
  useEffect(() => announce(trouble, true), [announce, trouble]);

  return (
    <Surface className={styles["generator"]} aria-label={words.submit} ref={root}>
      <div className={styles["columns"]}>
        <div className={layout("column", styles["left"])}>
          {offer ? (
            <PromptForm generator={generator} offer={offer} asking={asking} onOrder={order} onCalm={() => setAsking(false)} />
          ) : generator.loading ? (
            <FormSkeleton />
          ) : generator.unavailable ? (
            <FailureNotice failure={generator.unavailable} onRetry={generator.reload} />
          ) : (
            <Notice tone="warn" title={words.noModel} action={{ text: common.retry, onClick: generator.reload }} />
          )}
          {generator.reattaching && (
            <Notice tone="warn" title={words.reattach} action={{ text: words.stopTrying, onClick: generator.stop }} />
          )}
          {refused && !sending && <FailureNotice failure={refused} order onRetry={refused.retryable ? generator.submit : undefined} />}
        </div>
        <div ref={stage} className={styles["right"]}>
          <JobStage
            generator={generator}
            businessId={businessId}
            shape={job ? shapeOf(job.size) : offer ? offer.size : { width: 1, height: 1 }}
            onOrder={order}
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
  const latest = useLatest(arrived);
  const awaited = useRef<string | null>(null);
  useEffect(() => {
    if (job && !isFinal(job)) awaited.current = job.jobId;
    if (!job?.image || awaited.current !== job.jobId) return;
    awaited.current = null;
    latest.current?.(job.image);
  }, [job, latest]);
}

function FormSkeleton() {
  return (
    <div className={layout("column", styles["form"])}>
      {[132, 92, 104, 56].map((height) => (
        <Skeleton key={height} style={{ height }} />
      ))}
    </div>
  );
}
