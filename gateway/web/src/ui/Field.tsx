import { useId, type ComponentProps, type ReactNode } from "react";
import { clsx } from "./clsx";
import { layout } from "./layout";
import styles from "./field.module.css";

interface Around {
  label: string;
  help?: ReactNode;
  /** How much of the longest length is used, as a text. */
  count?: { text: string; over: boolean };
  /** One line, with its help beside the label. */
  compact?: boolean;
}

function Frame({ id, label, help, count, compact, children }: Around & { id: string; children: ReactNode }) {
  return (
    <div className={layout("column", styles["field"], compact && styles["compact"])}>
      <div className={styles["head"]}>
        <label htmlFor={id} className={layout("label")}>
          {label}
        </label>
        {count && (
          <span id={`${id}-count`} className={layout("fine", styles["count"], count.over && styles["over"])}>
            {count.text}
          </span>
        )}
      </div>
      {children}
      {help && (
        <p id={`${id}-help`} className={layout("fine", styles["help"])}>
          {help}
        </p>
      )}
    </div>
  );
}

const describedBy = (id: string, { help, count }: Around, more?: string): string | undefined =>
  clsx(Boolean(help) && `${id}-help`, count && `${id}-count`, more) || undefined;

export function TextField({ label, help, className, ...more }: ComponentProps<"input"> & Pick<Around, "label" | "help">) {
  const id = useId();
  const around: Around = { label, help };
  return (
    <Frame id={id} {...around}>
      <input
        {...more}
        id={id}
        className={clsx(styles["input"], className)}
        aria-describedby={describedBy(id, around, more["aria-describedby"])}
      />
    </Frame>
  );
}

export function TextArea({ label, help, count, compact = false, className, ...more }: ComponentProps<"textarea"> & Around) {
  const id = useId();
  const around: Around = { label, help, compact, ...(count && { count }) };
  return (
    <Frame id={id} {...around}>
      <textarea
        {...more}
        id={id}
        className={clsx(styles["input"], className)}
        aria-invalid={count?.over || more["aria-invalid"] || undefined}
        aria-describedby={describedBy(id, around, more["aria-describedby"])}
      />
    </Frame>
  );
}

export function Checkbox({ children, ...more }: Omit<ComponentProps<"input">, "type">) {
  return (
    <label className={styles["check"]}>
      <input {...more} type="checkbox" />
      {children}
    </label>
  );
}
