import { clsx } from "./clsx";
import styles from "./progress.module.css";

interface ProgressProps {
  label: string;
  /** 0 to 100; null where nobody knows. */
  percent: number | null;
  /** What is going on, in words. */
  text: string;
}

export function Progress({ label, percent, text }: ProgressProps) {
  const known = percent === null ? {} : { "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(percent) };
  return (
    <div className={styles["track"]} role="progressbar" aria-label={label} aria-valuetext={text} {...known}>
      <div
        className={clsx(styles["bar"], percent === null && styles["unknown"])}
        style={percent === null ? undefined : { width: `${percent}%` }}
      />
    </div>
  );
}
