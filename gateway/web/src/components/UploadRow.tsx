import { useEffect, useRef, useState, type ReactNode } from "react";
import type { Upload, UploadState } from "../hooks/uploads";
import { useDarkroom } from "../provider";
import type { Image } from "../types";
import { Button, IconButton } from "../ui/Button";
import { clsx } from "../ui/clsx";
import { Icon } from "../ui/Icon";
import { FailureNotice } from "../ui/Notice";
import { Progress } from "../ui/Progress";
import { AltText } from "./AltText";
import { InstagramFix } from "./InstagramFix";
import styles from "./uploader.module.css";

interface UploadRowProps {
  businessId: number;
  upload: Upload;
  onCancel: (id: string) => void;
  onRetry: (id: string) => void;
  onRemove: (id: string) => void;
  onReplace: (image: Image) => void;
  onUse: ((image: Image) => void) | undefined;
  announce: (text: string, urgent?: boolean) => void;
}

/** One file: what it is, how far it is, and what can be done about it. */
export function UploadRow({ businessId, upload, onCancel, onRetry, onRemove, onReplace, onUse, announce }: UploadRowProps) {
  const { messages, format } = useDarkroom();
  const { upload: words } = messages;
  const { id, file, state, pixels, preview } = upload;
  const done = state.phase === "done";
  // Then the way to try again stands beside the words that say how long to wait.
  const crowded = state.phase === "failed" && state.failure.code === "rate_limited";
  useSpoken(upload, announce);
  return (
    <li className={styles["row"]} data-id={id} {...(done ? { "data-done": "", tabIndex: -1 } : {})}>
      <Preview key={done ? "stored" : "local"} source={done ? state.image.thumbnailUrl : preview} />
      <div className={styles["middle"]}>
        <p className={styles["name"]} title={file.name}>
          {file.name}
        </p>
        <p className={styles["facts"]}>
          {[format.bytes(file.size), pixels && messages.library.pixels(pixels.width, pixels.height)].filter(Boolean).join(" · ")}
        </p>
        <State upload={upload} />
      </div>
      <div className={styles["tools"]}>
        {state.phase === "done" && onUse && (
          <Button small kind={state.duplicate ? "primary" : "secondary"} onClick={() => onUse(state.image)}>
            {state.duplicate ? words.useExisting : messages.generate.use}
          </Button>
        )}
        {((state.phase === "failed" && !crowded) || state.phase === "canceled") && (
          <IconButton small icon="retry" label={words.retryFile(file.name)} onClick={() => onRetry(id)} />
        )}
        {STOPPABLE.has(state.phase) ? (
          <IconButton small icon="close" label={words.cancelFile(file.name)} data-close="" onClick={() => onCancel(id)} />
        ) : (
          <IconButton small icon="close" label={words.removeFile(file.name)} data-close="" onClick={() => onRemove(id)} />
        )}
      </div>
      {state.phase === "failed" && (
        <div className={styles["more"]}>
          <FailureNotice failure={state.failure} about={file.name} onRetry={crowded ? () => onRetry(id) : undefined} />
        </div>
      )}
      {state.phase === "done" && (
        <div className={styles["more"]}>
          <AltText compact businessId={businessId} image={state.image} onSaved={onReplace} />
          <InstagramFix businessId={businessId} image={state.image} onFixed={onUse} />
        </div>
      )}
    </li>
  );
}

function Preview({ source }: { source: string }) {
  const [broken, setBroken] = useState(false);
  if (!broken) return <img className={styles["preview"]} src={source} alt="" width={64} height={64} onError={() => setBroken(true)} />;
  return (
    <span className={styles["preview"]}>
      <Icon name="image" size={22} />
    </span>
  );
}

const STOPPABLE: ReadonlySet<UploadState["phase"]> = new Set(["checking", "waiting", "sending", "storing"]);

function State({ upload: { file, state } }: { upload: Upload }) {
  const { messages, format } = useDarkroom();
  const { upload: words, common } = messages;
  const line = (text: string, tone?: string, more?: ReactNode): ReactNode => (
    <p className={clsx(styles["state"], tone && styles[tone])}>
      <span>{text}</span>
      {more}
    </p>
  );
  const moving = (percent: number | null, text: string, more?: ReactNode): ReactNode => (
    <>
      <Progress label={words.progressOf(file.name)} percent={percent} text={text} />
      {line(text, undefined, more)}
    </>
  );
  switch (state.phase) {
    case "checking":
      return line(words.checking);
    case "waiting":
      return line(state.offline ? common.offline : words.waiting);
    case "sending": {
      const text = words.sending(format.bytes(state.sent), format.bytes(state.total));
      const left = secondsLeft(state);
      const more = state.stalled ? (
        <span className={styles["warn"]}>{words.stalled}</span>
      ) : (
        left !== null && <span>{words.left(format.span(left))}</span>
      );
      return moving((state.sent / state.total) * 100, text, more);
    }
    case "storing":
      return moving(null, words.storing);
    case "done":
      return line(state.duplicate ? words.duplicate : words.done, "good");
    case "failed":
      return line(words.failed, "bad");
    case "canceled":
      return line(words.canceled);
    case "refused":
      return (
        <>
          {line(words.refused, "bad")}
          <p className={styles["facts"]}>{state.reason}</p>
        </>
      );
  }
}

function secondsLeft({ sent, total, startedAt, movedAt }: Extract<UploadState, { phase: "sending" }>): number | null {
  const took = (movedAt - startedAt) / 1000;
  return took < 1 || sent === 0 ? null : ((total - sent) * took) / sent;
}

/** Says a quarter at a time, and every end. */
function useSpoken({ file, state }: Upload, announce: (text: string, urgent?: boolean) => void): void {
  const { upload: words } = useDarkroom().messages;
  const said = useRef("");
  const quarter = state.phase === "sending" ? Math.floor((state.sent / state.total) * 4) * 25 : null;
  const text = spoken();
  function spoken(): string {
    if (quarter !== null) return words.announce(file.name, quarter);
    if (state.phase === "storing") return `${file.name}: ${words.storing}`;
    if (state.phase === "done") return `${file.name}: ${state.duplicate ? words.duplicate : words.done}`;
    if (state.phase === "refused") return `${file.name}: ${state.reason}`;
    if (state.phase === "failed") return `${file.name}: ${words.failed}`;
    return state.phase === "canceled" ? `${file.name}: ${words.canceled}` : "";
  }
  const urgent = state.phase === "refused" || state.phase === "failed";
  useEffect(() => {
    if (!text || text === said.current) return;
    said.current = text;
    announce(text, urgent);
  }, [text, urgent, announce]);
}
