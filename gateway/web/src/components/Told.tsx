import { useEffect, useRef } from "react";
import { FailureNotice } from "../ui/Notice";
import { Leftovers } from "./Leftovers";
import type { Care } from "./useCare";
import styles from "./leftovers.module.css";

/** What did not go as it was meant to. It comes into sight where somebody has scrolled away from it. */
export function Told({ care: { report, failure, forgetReport, dropUsed } }: { care: Care }) {
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
