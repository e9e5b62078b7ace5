import { useState, type ReactNode } from "react";
import { asFailure } from "../failure";
import type { Messages } from "../messages";
import { useMessages } from "../provider";
import type { Charged } from "../types";
import { IconButton } from "./Button";
import { clsx } from "./clsx";
import { Icon, type IconName } from "./Icon";
import styles from "./notice.module.css";

type Tone = "info" | "ok" | "warn" | "bad";

const ICONS: Record<Tone, IconName> = { info: "info", ok: "check", warn: "warning", bad: "error" };

interface NoticeProps {
  tone: Tone;
  title?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
}

export function Notice({ tone, title, children, actions }: NoticeProps) {
  return (
    <div className={clsx(styles["notice"], styles[tone])}>
      <Icon name={ICONS[tone]} />
      <div className={styles["words"]}>
        {title && <p className={styles["title"]}>{title}</p>}
        {children}
        {actions && <div className={styles["actions"]}>{actions}</div>}
      </div>
    </div>
  );
}

/** In words, whether money was spent. */
export function chargeWords(charged: Charged | null, { common }: Messages): string {
  if (charged === null) return "";
  return charged === "unknown" ? common.maybeCharged : charged ? common.charged : common.notCharged;
}

/** A failed request: what happened, whether it cost, what to do, and the id to quote. */
export function FailureNotice({ failure: thrown, actions }: { failure: unknown; actions?: ReactNode }) {
  const messages = useMessages();
  const failure = asFailure(thrown);
  const words = messages.failures[failure.code];
  const fields = failure.fields.map((field) => field.detail).join(" ");
  return (
    <Notice tone={failure.ambiguous && failure.status === 0 ? "warn" : "bad"} title={words?.title ?? failure.message} actions={actions}>
      <p>{[fields, words?.help, chargeWords(failure.charged, messages)].filter(Boolean).join(" ")}</p>
      {failure.requestId && <RequestId id={failure.requestId} />}
    </Notice>
  );
}

function RequestId({ id }: { id: string }) {
  const { common } = useMessages();
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    navigator.clipboard?.writeText(id).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <p className={styles["request"]}>
      {common.requestId} <code>{id.slice(0, 12)}…</code>
      <IconButton small icon={copied ? "check" : "copy"} label={copied ? common.copied : common.copyRequestId} onClick={copy} />
    </p>
  );
}
