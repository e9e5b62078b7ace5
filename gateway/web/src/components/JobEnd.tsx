import type { ReactNode } from "react";
import { useMessages } from "../provider";
import type { Job } from "../types";
import { chargeWords, CopyId, Notice } from "../ui/Notice";

/** Why a job ended without a picture, what it cost, and the id to quote. */
export function JobEnd({ job, actions }: { job: Job; actions?: ReactNode }) {
  const messages = useMessages();
  const { generate: words, common, failures } = messages;
  const { charged } = job.cost;
  const later = job.lateImage ? <p>{words.foundLater}</p> : null;
  if (job.status === "canceled") {
    return (
      <Notice tone={charged === false ? "info" : "warn"} title={words.canceled} actions={actions}>
        <p>{charged === false ? words.canceledFree : charged === true ? words.canceledCharged : words.canceledUnknown}</p>
        {later}
        {charged !== false && <CopyId label={common.jobId} copyLabel={common.copyJobId} id={job.jobId} />}
      </Notice>
    );
  }
  const code = job.error?.code ?? "";
  const said = failures[code];
  return (
    <Notice tone={code === "outcome_unknown" ? "warn" : "bad"} title={said?.title ?? words.failed} actions={actions}>
      <p>
        {[said?.help ?? job.error?.detail, chargeWords(job.error?.charged ?? null, messages), words.draftKept].filter(Boolean).join(" ")}
      </p>
      {later}
      <CopyId label={common.jobId} copyLabel={common.copyJobId} id={job.jobId} />
    </Notice>
  );
}
