import * as Radio from "@radix-ui/react-radio-group";
import type { ReactNode } from "react";
import { layout } from "./layout";
import styles from "./choices.module.css";

interface ChoicesProps<Value extends string> {
  label: string;
  options: { value: Value; text: ReactNode }[];
  value: Value;
  onChange: (value: Value) => void;
  look?: "segmented" | "chips";
}

/** One of a few, all of them visible. */
export function Choices<Value extends string>({ label, options, value, onChange, look = "segmented" }: ChoicesProps<Value>) {
  const change = (chosen: string): void => {
    const option = options.find((candidate) => candidate.value === chosen);
    if (option) onChange(option.value);
  };
  return (
    <Radio.Root className={styles[look]} aria-label={label} value={value} onValueChange={change} orientation="horizontal">
      {options.map((option) => (
        <Radio.Item
          key={option.value}
          value={option.value}
          className={look === "chips" ? styles["chip"] : layout("bare", styles["segment"])}
        >
          {option.text}
        </Radio.Item>
      ))}
    </Radio.Root>
  );
}
