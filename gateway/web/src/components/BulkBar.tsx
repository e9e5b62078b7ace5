import { MOST_SELECTED } from "../hooks/bulk";
import type { Library } from "../hooks/useLibrary";
import { PAGE_SIZE } from "../hooks/usePages";
import { useMessages } from "../provider";
import type { Image } from "../types";
import { Button, IconButton } from "../ui/Button";
import { layout } from "../ui/layout";
import { Progress } from "../ui/Progress";
import type { ImageActions } from "./useImageActions";
import styles from "./bulk.module.css";

interface BulkBarProps {
  library: Library;
  actions: ImageActions;
  selection: Image[];
  onSelect: (images: Image[]) => void;
  onClear: () => void;
}

/** What can be done with all that are selected. While something is going on it says how far it is, and how to stop it. */
export function BulkBar({ library: { items, span, view }, actions, selection, onSelect, onClear }: BulkBarProps) {
  const { library: words, common } = useMessages();
  const { busy } = actions;
  const count = selection.length;
  const off = busy !== null;
  const shown = span.to - span.from + 1;
  const more = span.total > MOST_SELECTED || !span.exact;
  const said = count === MOST_SELECTED && more ? words.selectedFirst(count) : words.selected(count);
  return (
    <div className={styles["bulk"]} role="toolbar" aria-label={said}>
      <div className={layout("row", styles["count"])}>
        <IconButton small icon="close" label={words.clearSelection} off={off} onClick={onClear} />
        <strong>{said}</strong>
      </div>
      <div className={layout("row", styles["more"])}>
        <Button small kind="quiet" off={off} onClick={() => onSelect(items.slice(0, MOST_SELECTED))}>
          {shown > PAGE_SIZE ? words.selectShown(shown) : words.selectPage}
        </Button>
        {span.total > shown && (
          <Button small kind="quiet" off={off || count >= Math.min(span.total, MOST_SELECTED)} onClick={actions.selectAll}>
            {more ? words.selectFirst(MOST_SELECTED) : words.selectAll(span.total)}
          </Button>
        )}
      </div>
      <div className={layout("row", styles["does"])}>
        <Button small icon="download" off={off} onClick={() => actions.download(selection)}>
          {words.download}
        </Button>
        {view.trashed ? (
          <Button small icon="restore" off={off} onClick={() => actions.restore(selection)}>
            {words.restore}
          </Button>
        ) : (
          <Button small kind="danger" icon="trash" off={off} onClick={() => actions.drop(selection)}>
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
