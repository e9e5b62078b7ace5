import { useId, type ComponentProps, type ElementType, type ReactNode } from "react";
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

type LabelledProps = Around & { as: "input" | "textarea" } & Pick<
    ComponentProps<"input">,
    "className" | "aria-describedby" | "aria-invalid"
  >;

function Labelled({ as, label, help, count, compact, className, ...more }: LabelledProps) {
  const Tag: ElementType = as;
  const id = useId();
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
      <Tag
        {...more}
        id={id}
        className={clsx(styles["input"], className)}
        aria-invalid={count?.over || more["aria-invalid"] || undefined}
        aria-describedby={clsx(Boolean(help) && `${id}-help`, count && `${id}-count`, more["aria-describedby"]) || undefined}
      />
      {help && (
        <p id={`${id}-help`} className={layout("fine", styles["help"])}>
          {help}
        </p>
      )}
    </div>
  );
}

export const TextField = (props: ComponentProps<"input"> & Pick<Around, "label" | "help">) => <Labelled {...props} as="input" />;
export const TextArea = (props: ComponentProps<"textarea"> & Around) => <Labelled {...props} as="textarea" />;

export function Checkbox({ children, ...more }: Omit<ComponentProps<"input">, "type">) {
  return (
    <label className={styles["check"]}>
      <input {...more} type="checkbox" />
      {children}
    </label>
  );
}
