import { useEffect, useId, useRef, type KeyboardEvent } from "react";
import type { Offer } from "../hooks/offer";
import type { Draft } from "../hooks/useGenerate";
import type { Generator } from "../hooks/useGenerator";
import { useDarkroom } from "../provider";
import { lengthOf } from "../text";
import { Button } from "../ui/Button";
import { Choices } from "../ui/Choices";
import { TextArea } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { layout } from "../ui/layout";
import { Notice } from "../ui/Notice";
import { SizePicker } from "./SizePicker";
import styles from "./generator.module.css";

interface PromptFormProps {
  generator: Generator;
  offer: Offer;
  /** It is dear: it is asked once more before it is ordered. */
  asking: boolean;
  onOrder: () => void;
  onCalm: () => void;
}

/** What to make, in which shape and quality, and what that costs. */
export function PromptForm({ generator, offer, asking, onOrder, onCalm }: PromptFormProps) {
  const { messages, format } = useDarkroom();
  const { generate: words, common } = messages;
  const { draft, price, budget, sending, problem } = generator;
  const id = useId();
  const order = useRef<HTMLButtonElement>(null);
  const asked = useRef(false);
  useEffect(() => {
    // The answer's button is gone with the question.
    if (asked.current && !asking && !document.activeElement?.closest("form")) order.current?.focus();
    asked.current = asking;
  }, [asking]);

  const most = offer.model.maxPromptCharacters;
  const money = price === null ? "" : (offer.model.exactPrices ? words.priceExact : words.price)(format.money(price));
  const length = lengthOf(draft.prompt.trim());
  const qualityOr = (name: string): string => words.qualities[name] ?? name;
  const why = problem && { empty: words.needPrompt, long: words.tooLong, budget: words.overBudget }[problem];
  const reason = sending ? words.sending : (why ?? "");

  const shortcut = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !reason) onOrder();
  };
  const edit = (change: Partial<Draft>): void => {
    onCalm();
    generator.edit(change);
  };

  return (
    <form className={layout("column", styles["form"])} onKeyDown={shortcut} onSubmit={(event) => event.preventDefault()}>
      <TextArea
        label={words.promptLabel}
        help={words.promptHelp}
        placeholder={words.promptPlaceholder}
        count={{ text: words.count(length, most), over: length > most }}
        value={draft.prompt}
        rows={4}
        aria-keyshortcuts="Control+Enter Meta+Enter"
        data-prompt=""
        onChange={(event) => edit({ prompt: event.target.value })}
      />
      {length === 0 && (
        <div className={layout("column", styles["ideas"])}>
          <p className={layout("label")}>{words.examplesLabel}</p>
          {words.examples.map((example) => (
            <button
              key={example}
              type="button"
              className={layout("bare", styles["idea"])}
              onClick={() => edit({ prompt: example, style: "" })}
            >
              <Icon name="right" size={12} />
              {example}
            </button>
          ))}
        </div>
      )}
      <div className={layout("column")}>
        <p className={layout("label")}>{words.styleLabel}</p>
        <Choices
          look="chips"
          label={words.styleLabel}
          options={words.styles.map(({ name, text }) => ({ value: text, text: name }))}
          value={draft.style}
          onChange={(style) => edit({ style, prompt: withStyle(draft.prompt, draft.style, style) })}
        />
      </div>
      <div className={layout("column")}>
        <p className={layout("label")}>{words.sizeLabel}</p>
        <SizePicker sizes={offer.model.sizes} value={offer.size.size} onChange={(size) => edit({ size })} />
      </div>
      <div className={styles["pair"]}>
        <div className={layout("column")}>
          <p className={layout("label")}>{words.qualityLabel}</p>
          <Choices
            label={words.qualityLabel}
            options={offer.model.qualities.map((quality) => ({ value: quality, text: qualityOr(quality) }))}
            value={offer.quality}
            onChange={(quality) => edit({ quality })}
          />
        </div>
        {offer.models.length > 1 && (
          <div className={layout("column")}>
            <label className={layout("label")} htmlFor={`${id}-model`}>
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
      {offer.fellBack && <Notice tone="warn">{words.fellBack(qualityOr(offer.fellBack.was), qualityOr(offer.fellBack.now))}</Notice>}
      {offer.model.status === "deprecated" && offer.model.shutdownDate && (
        <Notice tone="info">{words.deprecated(offer.model.label, format.date(offer.model.shutdownDate))}</Notice>
      )}
      {asking && price !== null ? (
        <Notice
          tone="info"
          title={words.confirm(money)}
          actions={
            <>
              <Button small kind="primary" autoFocus onClick={onOrder}>
                {words.confirmYes(money)}
              </Button>
              <Button small kind="quiet" onClick={onCalm}>
                {common.cancel}
              </Button>
            </>
          }
        />
      ) : (
        <div className={layout("row wrap apart", styles["order"])}>
          <div className={styles["price"]} role="status">
            <strong>{money}</strong>
            <span>
              {budget
                ? [words.budgetLeft(format.money(budget.leftUsd)), words.budgetAgain(format.date(budget.resetsAt))].join(" ")
                : words.priceNote}
            </span>
          </div>
          <div className={layout("row", styles["go"])}>
            <span id={`${id}-why`} className={styles["why"]}>
              {reason}
            </span>
            <Button
              kind="primary"
              icon="sparkle"
              title={words.shortcut}
              ref={order}
              off={reason !== ""}
              aria-describedby={`${id}-why`}
              // The answer may come between the clicks of a double click: only the first orders, or it would be paid twice.
              onClick={(event) => event.detail < 2 && onOrder()}
            >
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
