import { useState } from "react";
import { useMessages } from "../provider";
import { Button, IconButton } from "../ui/Button";
import { Modal } from "../ui/Modal";
import styles from "./library.module.css";

interface BulkBarProps {
  count: number;
  trashed: boolean;
  onPage: () => void;
  onClear: () => void;
  onDelete: () => void;
  onRestore: () => void;
}

/** What can be done with all that are selected. Deleting several asks first; a single one can be undone at once. */
export function BulkBar({ count, trashed, onPage, onClear, onDelete, onRestore }: BulkBarProps) {
  const { library: words, common } = useMessages();
  const [asking, setAsking] = useState(false);
  return (
    <div className={styles["bulk"]} role="toolbar" aria-label={words.selected(count)}>
      <IconButton small icon="close" label={words.clearSelection} onClick={onClear} />
      <strong>{words.selected(count)}</strong>
      <Button small kind="quiet" onClick={onPage}>
        {words.selectPage}
      </Button>
      {trashed ? (
        <Button small icon="restore" onClick={onRestore}>
          {words.restore}
        </Button>
      ) : (
        <Button small kind="danger" icon="trash" data-delete="" onClick={() => (count > 1 ? setAsking(true) : onDelete())}>
          {common.delete}
        </Button>
      )}
      <Modal
        open={asking}
        question
        shape="narrow"
        title={words.confirmDelete(count)}
        note={words.confirmDeleteHelp}
        onClose={() => setAsking(false)}
        foot={
          <>
            <Button onClick={() => setAsking(false)}>{common.cancel}</Button>
            <Button kind="primary" onClick={() => (setAsking(false), onDelete())}>
              {common.delete}
            </Button>
          </>
        }
      />
    </div>
  );
}
