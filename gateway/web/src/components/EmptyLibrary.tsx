import type { ReactNode } from "react";
import { useMessages } from "../provider";
import type { LibraryQuery } from "../types";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { layout } from "../ui/layout";
import styles from "./library.module.css";

/** Why there is nothing to see, and what to do about it. */
export function EmptyLibrary({ view, onClear, children }: { view: LibraryQuery; onClear: () => void; children: ReactNode }) {
  const { library: words } = useMessages();
  const narrowed = view.search !== "" || view.source !== "all";
  return (
    <div className={layout("centred", styles["empty"])}>
      <Icon name={view.trashed ? "trash" : narrowed ? "search" : "library"} size={26} />
      <p className={styles["title"]}>{view.trashed ? words.emptyTrashTitle : narrowed ? words.noMatchTitle : words.emptyTitle}</p>
      <p>{view.trashed ? words.emptyTrashHelp : view.search ? words.noMatchHelp(view.search) : words.emptyHelp}</p>
      <div className={layout("row wrap", styles["ways"])}>
        {narrowed ? <Button onClick={onClear}>{words.clearSearch}</Button> : !view.trashed && children}
      </div>
    </div>
  );
}
