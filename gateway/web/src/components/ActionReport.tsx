import { useEffect, useRef } from "react";
import type { Reason } from "../hooks/bulk";
import { useMessages } from "../provider";
import type { Image } from "../types";
import { Button } from "../ui/Button";
import { layout } from "../ui/layout";
import { FailureNotice, Notice } from "../ui/Notice";
import type { ImageActions } from "./useImageActions";
import styles from "./report.module.css";

export interface Report {
  kind: "remove" | "restore" | "save";
  left: { image: Image; reason: Reason | "not_sent" }[];
}

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

interface LeftoversProps {
  report: Report;
  onDismiss: () => void;
  onDropUsed: (images: Image[]) => void;
}

/** The pictures with which something could not be done, each with the reason. */
function Leftovers({ report: { kind, left }, onDismiss, onDropUsed }: LeftoversProps) {
  const { library: words, common } = useMessages();
  const used = left.filter(({ reason }) => reason === "in_use").map(({ image }) => image);
  const titles: Record<Report["kind"], string> = {
    remove: words.notDeleted(left.length),
    restore: words.notRestored(left.length),
    save: words.notSaved(left.length),
  };
  const why = (image: Image, reason: Report["left"][number]["reason"]): string =>
    reason === "in_use" ? words.usedIn(image.usedIn) : words.reasons[reason];
  return (
    <Notice
      tone="warn"
      title={titles[kind]}
      actions={
        <>
          {used.length > 0 && (
            <Button small onClick={() => onDropUsed(used)}>
              {words.deleteAllUsed(used.length)}
            </Button>
          )}
          <Button small kind="quiet" onClick={onDismiss}>
            {common.close}
          </Button>
        </>
      }
    >
      <ul className={styles["list"]} {...(left.length > 7 && { tabIndex: 0, "aria-label": titles[kind] })}>
        {left.map(({ image, reason }) => (
          <li key={image.id}>
            <span className={layout("cut")}>{image.filename}</span>
            <span>{why(image, reason)}</span>
          </li>
        ))}
      </ul>
    </Notice>
  );
}
