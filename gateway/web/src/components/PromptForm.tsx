import { useId, useState, type KeyboardEvent } from "react";
import type { Draft } from "../hooks/useGenerate";
import type { Offer } from "../hooks/offer";
import { useDarkroom } from "../provider";
import type { Estimate } from "../types";
import { Button } from "../ui/Button";
import { Choices } from "../ui/Choices";
import { TextArea } from "../ui/Field";
import { Notice } from "../ui/Notice";
import { SizePicker } from "./SizePicker";
import styles from "./generator.module.css";

export const MOST_PROMPT = 1000;

interface PromptFormProps {
  draft: Draft;
  offer: Offer;
  estimate: Estimate | null;
  sending: boolean;
  /** Dearer than this asks once more before it is ordered. */
  confirmAboveUsd: number;
  onEdit: (change: Partial<Draft>) => void;
  onSubmit: () => void;
}

/** What to make, in which shape and quality, and what that costs. */
export function PromptForm({ draft, offer, estimate, sending, confirmAboveUsd, onEdit, onSubmit }: PromptFormProps) {
  const { messages, format } = useDarkroom();
  const { generate: words, common } = messages;
  const [asking, setAsking] = useState(false);
  const id = useId();

  const price = estimate?.unitCostUsd ?? offer.price;
  const money = price === null ? "" : (offer.model.exactPrices ? words.priceExact : words.price)(format.money(price));
  const length = draft.prompt.trim().length;
  const reason = whyNot();
  function whyNot(): string {
    if (sending) return words.sending;
    if (length > MOST_PROMPT) return words.tooLong;
    if (estimate?.budget && Number(estimate.budget.leftUsd) < Number(price)) return words.overBudget;
    return length === 0 ? words.needPrompt : "";
  }

  const submit = (): void => {
    if (reason) return;
    if (!asking && Number(price) > confirmAboveUsd) return setAsking(true);
    setAsking(false);
    onSubmit();
  };
  const shortcut = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  };
  const edit = (change: Partial<Draft>): void => {
    setAsking(false);
    onEdit(change);
  };

  return (
    <form className={styles["form"]} onKeyDown={shortcut} onSubmit={(event) => event.preventDefault()}>
      <TextArea
        label={words.promptLabel}
        help={words.promptHelp}
        placeholder={words.promptPlaceholder}
        count={{ text: words.count(length, MOST_PROMPT), over: length > MOST_PROMPT }}
        value={draft.prompt}
        rows={4}
        aria-keyshortcuts="Control+Enter Meta+Enter"
        data-prompt=""
        onChange={(event) => edit({ prompt: event.target.value })}
      />
      {length === 0 && (
        <div className={styles["ideas"]}>
          <p className={styles["label"]}>{words.examplesLabel}</p>
          {words.examples.map((example) => (
            <button key={example} type="button" className={styles["idea"]} onClick={() => edit({ prompt: example, style: "" })}>
              {example}
            </button>
          ))}
        </div>
      )}
      <div className={styles["group"]}>
        <p className={styles["label"]}>{words.styleLabel}</p>
        <Choices
          look="chips"
          label={words.styleLabel}
          options={words.styles.map(({ name, text }) => ({ value: text, text: name }))}
          value={draft.style}
          onChange={(style) => edit({ style, prompt: withStyle(draft.prompt, draft.style, style) })}
        />
      </div>
      <div className={styles["group"]}>
        <p className={styles["label"]}>{words.sizeLabel}</p>
        <SizePicker sizes={offer.model.sizes} value={offer.size.size} onChange={(size) => edit({ size })} />
      </div>
      <div className={styles["pair"]}>
        <div className={styles["group"]}>
          <p className={styles["label"]}>{words.qualityLabel}</p>
          <Choices
            label={words.qualityLabel}
            options={offer.model.qualities.map((quality) => ({ value: quality, text: words.qualities[quality] ?? quality }))}
            value={offer.quality}
            onChange={(quality) => edit({ quality })}
          />
        </div>
        {offer.models.length > 1 && (
          <div className={styles["group"]}>
            <label className={styles["label"]} htmlFor={`${id}-model`}>
              {words.modelLabel}
            </label>
            <select
              id={`${id}-model`}
              className={styles["select"]}
              value={offer.model.model}
              onChange={(event) => edit({ model: event.target.value })}
            >
              {offer.models.map(({ model, label }) => (
                <option key={model} value={model}>
                  {label}
                </option>
              ))}
            </select>
          </div>
        )}
      </div>
      {offer.fellBack && <Notice tone="warn">{words.fellBack(offer.fellBack.was, offer.fellBack.now)}</Notice>}
      {offer.model.status === "deprecated" && offer.model.shutdownDate && (
        <Notice tone="info">{words.deprecated(offer.model.label, format.date(offer.model.shutdownDate))}</Notice>
      )}
      {asking && price !== null ? (
        <Notice
          tone="info"
          title={words.confirm(money)}
          actions={
            <>
              <Button small kind="primary" autoFocus onClick={submit}>
                {words.confirmYes(money)}
              </Button>
              <Button small kind="quiet" onClick={() => setAsking(false)}>
                {common.cancel}
              </Button>
            </>
          }
        />
      ) : (
        <div className={styles["order"]}>
          <div className={styles["price"]} role="status">
            <strong>{money}</strong>
            <span>{estimate?.budget ? words.budgetLeft(format.money(estimate.budget.leftUsd)) : words.priceNote}</span>
          </div>
          <div className={styles["go"]}>
            <span id={`${id}-why`} className={styles["why"]}>
              {reason}
            </span>
            <Button kind="primary" icon="sparkle" off={reason !== ""} aria-describedby={`${id}-why`} onClick={submit}>
              {words.submit}
            </Button>
          </div>
        </div>
      )}
    </form>
  );
}

/** The description with the style's words at its end, in the place of those of the style before. */
export function withStyle(prompt: string, before: string, after: string): string {
  const trimmed = prompt.trimEnd();
  const bare = before && trimmed.endsWith(before) ? trimmed.slice(0, -before.length).replace(/[,\s]+$/, "") : trimmed;
  return after ? [bare, after].filter(Boolean).join(", ") : bare;
}
