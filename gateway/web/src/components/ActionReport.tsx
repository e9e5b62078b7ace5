import { useEffect, useRef } from "react";
import { FailureNotice } from "../ui/Notice";
import { Leftovers } from "./Leftovers";
import type { ImageActions } from "./useImageActions";
import styles from "./leftovers.module.css";

/** What did not go as it was meant to. It comes into sight where somebody has scrolled away from it. */
export function ActionReport({ actions: { report, failure, forgetReport, dropUsed } }: { actions: ImageActions }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (report || failure) box.current?.scrollIntoView({ block: "nearest" });
  }, [report, failure]);
  return (
    <div ref={box} role="alert" className={styles["told"]}>
      {report && <Leftovers report={report} onDismiss={forgetReport} onDropUsed={dropUsed} />}
      {failure && <FailureNotice failure={failure} />}
    </div>
  );
}
