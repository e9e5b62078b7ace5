import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { downloadOne } from "../download";
import type { Generator } from "../hooks/useGenerator";
import { useImage, useLibraryActions } from "../hooks/useLibrary";
import { useNow } from "../hooks/useNow";
import type { Messages } from "../messages";
import { useDarkroom } from "../provider";
import { isFinal, type Image, type Job, type JobStatus } from "../types";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { layout } from "../ui/layout";
import { FailureNotice, Notice } from "../ui/Notice";
import { Progress } from "../ui/Progress";
import { Thumb } from "../ui/Thumb";
import { AltText } from "./AltText";
import { InstagramFix } from "./InstagramFix";
import { JobEnd } from "./JobEnd";
import styles from "./stage.module.css";

interface JobStageProps {
  generator: Generator;
  businessId: number;
  /** Of the picture that is there or will come. */
  shape: { width: number; height: number };
  onOrder: () => void;
  onEdit: () => void;
  onUse: ((image: Image) => void) | undefined;
}

/** The place where a picture appears: empty, waiting, developing, and then it or the reason why not. */
export function JobStage(props: JobStageProps) {
  const { generator, shape } = props;
  const { job, sending } = generator;
  const { generate: words } = useDarkroom().messages;
  const box = { aspectRatio: `${shape.width} / ${shape.height}` };
  const narrow = shape.height > shape.width * 1.3 ? { ...box, maxWidth: `${(shape.width / shape.height) * 34}rem` } : box;
  if (sending || (job && !isFinal(job))) {
    return (
      <div className={layout("column", styles["stage"])}>
        <div className={styles["developing"]} style={narrow}>
          <Developing job={sending ? null : job} />
        </div>
        {job && !sending && <Stop generator={generator} />}
      </div>
    );
  }
  if (job?.image) return <Finished {...props} job={job} image={job.image} style={narrow} />;
  if (job) return <Ended {...props} job={job} />;
  return (
    <div className={layout("column", styles["stage"])}>
      <div className={layout("centred", styles["empty"])} style={narrow}>
        <Icon name="image" size={28} />
        <p className={layout("title", styles["title"])}>{words.stageEmpty}</p>
        <p>{words.stageEmptyHelp}</p>
      </div>
    </div>
  );
}

function Developing({ job }: { job: Job | null }) {
  const { messages, format } = useDarkroom();
  const { generate: words } = messages;
  const now = useNow(true);
  const spoken = job ? spokenOf(job, words) : words.sending;
  const started = job?.startedAt ? (now - Date.parse(job.startedAt)) / 1000 : null;
  const left = job?.queue?.etaSeconds ?? job?.etaSeconds ?? null;
  const facts = [
    job?.queue && words.position(job.queue.position),
    started !== null && started >= 1 && words.elapsed(format.span(started)),
    left !== null && words.eta(format.span(left)),
  ];
  return (
    <div className={layout("column", styles["words"])}>
      <p className={layout("title", styles["title"])}>{spoken}</p>
      <p>{facts.filter(Boolean).join(" · ")}</p>
      {job?.queue?.waitingFor && <p>{messages.failures[job.queue.waitingFor]?.title ?? words.waitingFor}</p>}
      <Progress label={words.submit} percent={null} text={spoken} />
    </div>
  );
}

function Stop({ generator: { cancel, canceling, cancelFailed } }: { generator: Generator }) {
  const { generate: words, common } = useDarkroom().messages;
  return (
    <>
      <div className={layout("row wrap apart", styles["below"])}>
        <p className={layout("fine")}>{canceling ? words.canceling : words.cancelHelp}</p>
        <Button small off={canceling} onClick={cancel}>
          {common.cancel}
        </Button>
      </div>
      {cancelFailed && <FailureNotice failure={cancelFailed} />}
    </>
  );
}

function Finished({
  generator: { price, problem },
  businessId,
  job,
  image,
  style,
  onOrder,
  onEdit,
  onUse,
}: JobStageProps & { job: Job; image: Image; style: object }) {
  const { messages, format } = useDarkroom();
  const { generate: words, common, library } = messages;
  const { remove, restore } = useLibraryActions(businessId);
  const download = useMutation({ mutationFn: (wanted: Image) => downloadOne(wanted) }, useDarkroom().client);
  const shown = useImage(image.id).data ?? image;
  const place = useRef<HTMLDivElement>(null);
  const pressed = useRef(false);
  const deleted = shown.deletedAt !== null;
  useEffect(() => {
    // What was pressed is gone, and the way back is drawn in its place.
    if (pressed.current) place.current?.querySelector<HTMLElement>("[data-undo], [data-delete]")?.focus();
    pressed.current = false;
  }, [deleted]);
  const press = (change: typeof remove | typeof restore): void => {
    pressed.current = true;
    change.mutate(shown.id, { onError: () => (pressed.current = false) });
  };
  if (deleted) {
    return (
      <div className={layout("column", styles["stage"])} ref={place}>
        <Notice
          tone="info"
          title={library.deleted(1)}
          actions={
            <Button small icon="restore" data-undo="" off={restore.isPending} onClick={() => press(restore)}>
              {common.undo}
            </Button>
          }
        />
        {restore.isError && <FailureNotice failure={restore.error} />}
      </div>
    );
  }
  return (
    <div className={layout("column", styles["stage"])} ref={place}>
      <div className={styles["picture"]} style={style}>
        <Thumb image={shown} fit="contain" alt={shown.altText ?? ""} className={styles["developed"] ?? ""} />
      </div>
      <p className={layout("fine")}>{job.cost.actualUsd === null ? words.costUnknown : words.cost(format.money(job.cost.actualUsd))}</p>
      <div className={layout("row wrap")}>
        {onUse && (
          <Button kind="primary" icon="check" onClick={() => onUse(shown)}>
            {words.use}
          </Button>
        )}
        <Button icon="sparkle" off={problem !== null} onClick={onOrder}>
          {price === null ? words.another : `${words.another} · ${format.money(price)}`}
        </Button>
        <Button kind="quiet" onClick={onEdit}>
          {words.edit}
        </Button>
        <Button kind="quiet" off={download.isPending} onClick={() => download.mutate(shown)}>
          {download.isPending ? words.downloading : words.download}
        </Button>
        <Button kind="danger" data-delete="" off={remove.isPending} onClick={() => press(remove)}>
          {common.delete}
        </Button>
      </div>
      {download.isError && <FailureNotice failure={download.error} onRetry={() => download.mutate(shown)} />}
      {remove.isError && <FailureNotice failure={remove.error} />}
      <AltText businessId={businessId} image={shown} />
      <InstagramFix businessId={businessId} image={shown} onFixed={onUse} />
    </div>
  );
}

function Ended({ generator: { price, problem }, job, onOrder, onEdit }: JobStageProps & { job: Job }) {
  const { messages, format } = useDarkroom();
  const { generate: words, common } = messages;
  const again = job.status === "canceled" || job.error?.retryable || job.error?.code === "outcome_unknown";
  return (
    <JobEnd
      job={job}
      actions={
        <>
          {again && (
            <Button small icon="retry" off={problem !== null} onClick={onOrder}>
              {price === null ? common.retry : words.again(format.money(price))}
            </Button>
          )}
          <Button small kind="quiet" onClick={onEdit}>
            {words.edit}
          </Button>
        </>
      }
    />
  );
}

/** What is said aloud of a job; the same words stand on the screen. */
export function spokenOf(job: Job, words: Messages["generate"]): string {
  const said: Record<JobStatus, string> = {
    queued: words.queued,
    running: job.stage === "storing" ? words.storing : words.generating,
    succeeded: words.done,
    failed: words.failed,
    canceled: words.canceled,
  };
  return said[job.status];
}
