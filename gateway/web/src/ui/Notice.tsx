import { useState, type ReactNode } from "react";
import { asFailure } from "../failure";
import type { Messages } from "../messages";
import { useNow } from "../hooks/useNow";
import { useDarkroom, useMessages } from "../provider";
import type { Charged } from "../types";
import { Button, IconButton } from "./Button";
import { clsx } from "./clsx";
import { Icon, type IconName } from "./Icon";
import { layout } from "./layout";
import styles from "./notice.module.css";

type Tone = "info" | "ok" | "warn" | "bad";

const ICONS: Record<Tone, IconName> = { info: "info", ok: "check", warn: "warning", bad: "error" };

interface NoticeProps {
  tone: Tone;
  title?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
  /** One plain button, in the place of `actions`. */
  action?: { text: string; onClick: () => void } | undefined;
}

export function Notice({ tone, title, children, action, actions = action && <Action {...action} /> }: NoticeProps) {
  return (
    <div className={clsx(styles["notice"], styles[tone])}>
      <Icon name={ICONS[tone]} />
      <div className={layout("column", styles["words"])}>
        {title && <p className={layout("title")}>{title}</p>}
        {children}
        {actions && <div className={layout("row wrap", styles["actions"])}>{actions}</div>}
      </div>
    </div>
  );
}

function Action({ text, onClick }: NonNullable<NoticeProps["action"]>) {
  return (
    <Button small onClick={onClick}>
      {text}
    </Button>
  );
}

/** In words, whether money was spent. */
export function chargeWords(charged: Charged | null, { common }: Messages): string {
  if (charged === null) return "";
  return charged === "unknown" ? common.maybeCharged : charged ? common.charged : common.notCharged;
}

interface FailureNoticeProps {
  failure: unknown;
  /** What failed is an order: clearly refused it costs nothing, also where the answer leaves that unsaid. */
  order?: boolean;
  action?: NoticeProps["action"];
  /** Shows a button that tries it again: not before the time that the server asked to wait is over. */
  onRetry?: (() => void) | undefined;
  /** What would be tried again, for the name of that button, where several such notices may stand on a page. */
  about?: string;
}

/** A failed request: what happened, whether it cost, what to do, and the id to quote. */
export function FailureNotice({ failure: thrown, order = false, action, onRetry, about }: FailureNoticeProps) {
  const messages = useMessages();
  const failure = asFailure(thrown);
  const charged = failure.charged ?? (order && !failure.ambiguous ? false : null);
  const words = messages.failures[failure.code];
  const fields = [...failure.fields.map((field) => field.detail), ...failure.warnings].join(" ");
  return (
    <Notice
      tone={failure.ambiguous && failure.status === 0 ? "warn" : "bad"}
      title={words?.title ?? failure.message}
      action={action}
      actions={onRetry && <Retry key={failure.retryAt} at={failure.retryAt} onRetry={onRetry} about={about} />}
    >
      <p>{[fields, words?.help, chargeWords(charged, messages)].filter(Boolean).join(" ")}</p>
      {failure.requestId && <CopyId label={messages.common.requestId} copyLabel={messages.common.copyRequestId} id={failure.requestId} />}
    </Notice>
  );
}

/** A month's budget may say so too; nobody watches that go down by the second. */
const LONGEST_WAIT_MS = 600_000;

function Retry({ at, onRetry, about }: { at: number | null; onRetry: () => void; about: string | undefined }) {
  const { messages, format } = useDarkroom();
  const { common } = messages;
  const soon = at !== null && at - Date.now() < LONGEST_WAIT_MS ? at : 0;
  const now = useNow(soon > Date.now());
  const left = Math.ceil((soon - now) / 1000);
  const text = left > 0 ? common.retryIn(format.span(left)) : common.retry;
  return (
    <Button small icon="retry" off={left > 0} aria-label={about && `${text}: ${about}`} onClick={onRetry}>
      {text}
    </Button>
  );
}

/** An id that somebody may have to quote: all of it can be read, selected and, where the browser allows it, copied. */
export function CopyId({ label, copyLabel, id }: { label: string; copyLabel: string; id: string }) {
  const { common } = useMessages();
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    navigator.clipboard.writeText(id).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <p className={styles["request"]}>
      {label} <code>{id}</code>
      {/* Pages without TLS have no clipboard. */}
      {"clipboard" in navigator && (
        <IconButton small icon={copied ? "check" : "copy"} label={copied ? common.copied : copyLabel} onClick={copy} />
      )}
    </p>
  );
}
