import { useEffect, useRef, useState } from "react";
import { asFailure } from "../failure";
import { useSubmission } from "../hooks/useGenerate";
import { useCancel, useJobs } from "../hooks/useJobs";
import { useDarkroom } from "../provider";
import { isFinal, type Image, type Job } from "../types";
import { Button, IconButton } from "../ui/Button";
import { clsx } from "../ui/clsx";
import { layout } from "../ui/layout";
import { useLive } from "../ui/Live";
import { chargeWords, CopyId } from "../ui/Notice";
import { Progress } from "../ui/Progress";
import { Surface } from "../ui/Surface";
import { Thumb } from "../ui/Thumb";
import { spokenOf } from "./JobStage";
import styles from "./tray.module.css";

export interface JobTrayProps {
  businessId: number;
  /** Somebody wants to see a finished picture. */
  onOpen?: (image: Image) => void;
  /** `docked` floats in the corner of the page, `inline` stands where it is put. */
  placement?: "docked" | "inline";
}

/** Every picture that is being made, wherever it was asked for; it outlives dialogs, reloads and tabs. */
export function JobTray({ businessId, onOpen, placement = "docked" }: JobTrayProps) {
  const { tray: words } = useDarkroom().messages;
  const [live, announce] = useLive();
  const { jobs, running, lost, forget } = useJobs(businessId);
  // A wish whose answer was lost is sent again from here, even where no form is open.
  useSubmission(businessId);
  const [open, setOpen] = useState(placement === "inline");

  const before = useRef(new Map<string, Job>());
  useEffect(() => {
    for (const job of jobs) {
      const known = before.current.get(job.jobId);
      if (known && !isFinal(known) && job.status === "succeeded") announce(words.ready(job.prompt));
      if (known && !isFinal(known) && job.status === "failed") announce(words.failed(job.prompt), true);
    }
    before.current = new Map(jobs.map((job) => [job.jobId, job]));
  }, [jobs, announce, words]);

  const finished = jobs.filter(isFinal);
  const root = useRef<HTMLElement>(null);
  const dismiss = (ids: string[]): void => {
    forget(ids);
    root.current?.querySelector<HTMLElement>("[aria-expanded]")?.focus(); // What was pressed goes with its row.
  };
  return (
    <Surface
      className={clsx(styles["tray"], styles[placement], open && styles["open"], jobs.length === 0 && styles["none"])}
      aria-label={words.label}
      ref={root}
    >
      {jobs.length > 0 && (
        <>
          <header className={layout("row", styles["head"])}>
            {running.length > 0 && <span className={styles["lamp"]} />}
            <p className={layout("title", styles["title"])}>
              {running.length > 0 ? words.running(running.length) : words.finished(finished.length)}
            </p>
            {finished.length > 0 && open && (
              <Button small kind="quiet" onClick={() => dismiss(finished.map(({ jobId }) => jobId))}>
                {words.clear}
              </Button>
            )}
            <IconButton
              small
              icon={open ? "down" : "up"}
              label={open ? words.collapse : words.expand}
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            />
          </header>
          {lost && <p className={styles["lost"]}>{words.lost}</p>}
          {open && (
            <ul className={styles["list"]}>
              {jobs.map((job) => (
                <Entry key={job.jobId} job={job} onOpen={onOpen} onForget={() => dismiss([job.jobId])} />
              ))}
            </ul>
          )}
        </>
      )}
      {live}
    </Surface>
  );
}

function Entry({ job, onOpen, onForget }: { job: Job; onOpen: ((image: Image) => void) | undefined; onForget: () => void }) {
  const { messages, format } = useDarkroom();
  const { tray: words, generate, common, failures } = messages;
  const cancel = useCancel(job.businessId);
  const image = job.image ?? job.lateImage ?? null;
  const spoken = spokenOf(job, generate);
  const asked = job.cancelRequested || cancel.isPending;
  return (
    <li className={layout("row", styles["entry"])} data-status={job.status}>
      {image ? <Thumb image={image} className={styles["thumb"] ?? ""} /> : <span className={clsx(styles["thumb"], styles["plate"])} />}
      <div className={layout("column", styles["words"])}>
        <p className={layout("cut", styles["prompt"])} title={job.prompt}>
          {job.prompt}
        </p>
        <p className={layout("small")}>
          {[job.error ? (failures[job.error.code]?.title ?? spoken) : spoken, detail(job)].filter(Boolean).join(" · ")}
        </p>
        {job.error && <CopyId label={common.jobId} copyLabel={common.copyJobId} id={job.jobId} />}
        {!isFinal(job) && <Progress label={job.prompt} percent={null} text={spoken} />}
      </div>
      {image && onOpen && (
        <Button small onClick={() => onOpen(image)}>
          {words.open}
        </Button>
      )}
      {isFinal(job) ? (
        <IconButton small icon="close" label={words.dismiss(job.prompt)} onClick={onForget} />
      ) : (
        <Button small kind="quiet" title={generate.cancelHelp} off={asked} onClick={() => cancel.mutate(job.jobId)}>
          {common.cancel}
        </Button>
      )}
    </li>
  );

  function detail(now: Job): string {
    if (cancel.isError && !isFinal(now)) return failures[asFailure(cancel.error).code]?.title ?? cancel.error.message;
    if (now.queue) return generate.position(now.queue.position);
    if (now.status === "succeeded") return now.cost.actualUsd === null ? generate.costUnknown : format.money(now.cost.actualUsd);
    if (now.lateImage) return generate.foundLater;
    if (isFinal(now)) return chargeWords(now.cost.charged, messages);
    return now.cancelRequested ? generate.canceling : now.etaSeconds === null ? "" : generate.eta(format.span(now.etaSeconds));
  }
}
