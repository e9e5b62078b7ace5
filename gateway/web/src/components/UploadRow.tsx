import { useEffect, useState } from "react";
import type { Format } from "../format";
import { isRunning, type Upload, type UploadState } from "../hooks/uploads";
import type { Messages } from "../messages";
import { useDarkroom } from "../provider";
import type { Image } from "../types";
import { Button, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { layout } from "../ui/layout";
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
  const close = isRunning(upload) ? { label: words.cancelFile, act: onCancel } : { label: words.removeFile, act: onRemove };
  useSpoken(upload, announce);
  return (
    <li className={styles["row"]} data-id={id} {...(done ? { "data-done": "", tabIndex: -1 } : {})}>
      <Preview key={done ? "stored" : "local"} source={done ? state.image.thumbnailUrl : preview} />
      <div className={layout("column", styles["middle"])}>
        <p className={layout("label cut")} title={file.name}>
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
        <IconButton small icon="close" label={close.label(file.name)} data-close="" onClick={() => close.act(id)} />
      </div>
      {state.phase === "failed" && (
        <div className={layout("column", styles["more"])}>
          <FailureNotice failure={state.failure} about={file.name} onRetry={crowded ? () => onRetry(id) : undefined} />
        </div>
      )}
      {state.phase === "done" && (
        <div className={layout("column", styles["more"])}>
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

/** What stands in the row of a file, by how far that is. */
function stateWords(state: UploadState, { upload: words, common }: Messages, { bytes }: Format): string {
  if (state.phase === "waiting") return state.offline ? common.offline : words.waiting;
  if (state.phase === "sending") return words.sending(bytes(state.sent), bytes(state.total));
  return state.phase === "done" && state.duplicate ? words.duplicate : words[state.phase];
}

const TONES: Partial<Record<UploadState["phase"], string>> = { done: "good", failed: "bad", refused: "bad" };

function State({ upload: { file, state } }: { upload: Upload }) {
  const { messages, format } = useDarkroom();
  const { upload: words } = messages;
  const text = stateWords(state, messages, format);
  const sending = state.phase === "sending" ? state : null;
  const left = sending && secondsLeft(sending);
  return (
    <>
      {(sending || state.phase === "storing") && (
        <Progress label={words.progressOf(file.name)} percent={sending && (sending.sent / sending.total) * 100} text={text} />
      )}
      <p className={layout("fine", styles["state"], styles[TONES[state.phase] ?? ""])}>
        <span>{text}</span>
        {sending?.stalled ? (
          <span className={styles["warn"]}>{words.stalled}</span>
        ) : (
          left !== null && <span>{words.left(format.span(left))}</span>
        )}
      </p>
      {state.phase === "refused" && <p className={styles["facts"]}>{state.reason}</p>}
    </>
  );
}

function secondsLeft({ sent, total, startedAt, movedAt }: Extract<UploadState, { phase: "sending" }>): number | null {
  const took = (movedAt - startedAt) / 1000;
  return took < 1 || sent === 0 ? null : ((total - sent) * took) / sent;
}

/** Says a quarter at a time, and every end. */
function useSpoken({ file, state }: Upload, announce: (text: string, urgent?: boolean) => void): void {
  const { messages, format } = useDarkroom();
  const text = spoken();
  function spoken(): string {
    if (state.phase === "checking" || state.phase === "waiting") return "";
    if (state.phase === "sending") return messages.upload.announce(file.name, Math.floor((state.sent / state.total) * 4) * 25);
    return `${file.name}: ${state.phase === "refused" ? state.reason : stateWords(state, messages, format)}`;
  }
  const urgent = state.phase === "refused" || state.phase === "failed";
  useEffect(() => {
    if (text) announce(text, urgent);
  }, [text, urgent, announce]);
}
