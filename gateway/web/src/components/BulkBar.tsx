import { MOST_SELECTED } from "../hooks/bulk";
import { PAGE_SIZE, type Span } from "../hooks/usePages";
import type { Busy } from "../hooks/useTask";
import { useMessages } from "../provider";
import { Button, IconButton } from "../ui/Button";
import { Progress } from "../ui/Progress";
import styles from "./bulk.module.css";

interface BulkBarProps {
  count: number;
  span: Span;
  trashed: boolean;
  busy: Busy | null;
  onShown: () => void;
  onAll: () => void;
  onClear: () => void;
  onDownload: () => void;
  onDelete: () => void;
  onRestore: () => void;
}

/** What can be done with all that are selected. While something is going on it says how far it is, and how to stop it. */
export function BulkBar({ count, span, trashed, busy, onShown, onAll, onClear, onDownload, onDelete, onRestore }: BulkBarProps) {
  const { library: words, common } = useMessages();
  const off = busy !== null;
  const shown = span.to - span.from + 1;
  const more = span.total > MOST_SELECTED || !span.exact;
  const said = count === MOST_SELECTED && more ? words.selectedFirst(count) : words.selected(count);
  return (
    <div className={styles["bulk"]} role="toolbar" aria-label={said}>
      <div className={styles["count"]}>
        <IconButton small icon="close" label={words.clearSelection} off={off} onClick={onClear} />
        <strong>{said}</strong>
      </div>
      <div className={styles["more"]}>
        <Button small kind="quiet" off={off} onClick={onShown}>
          {shown > PAGE_SIZE ? words.selectShown(shown) : words.selectPage}
        </Button>
        {span.total > shown && (
          <Button small kind="quiet" off={off || count >= Math.min(span.total, MOST_SELECTED)} onClick={onAll}>
            {more ? words.selectFirst(MOST_SELECTED) : words.selectAll(span.total)}
          </Button>
        )}
      </div>
      <div className={styles["does"]}>
        <Button small icon="download" off={off} onClick={onDownload}>
          {words.download}
        </Button>
        {trashed ? (
          <Button small icon="restore" off={off} onClick={onRestore}>
            {words.restore}
          </Button>
        ) : (
          <Button small kind="danger" icon="trash" off={off} onClick={onDelete}>
            {common.delete}
          </Button>
        )}
      </div>
      {busy && (
        <div className={styles["busy"]}>
          <span>{busy.text}</span>
          <Progress label={said} percent={busy.percent} text={busy.text} />
          <Button small kind="quiet" onClick={busy.stop}>
            {common.cancel}
          </Button>
        </div>
      )}
    </div>
  );
}
