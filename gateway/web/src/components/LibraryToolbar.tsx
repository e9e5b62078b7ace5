import { useEffect, useState } from "react";
import { useLatest } from "../hooks/useLatest";
import { useMessages } from "../provider";
import { beginning } from "../text";
import type { LibraryQuery } from "../types";
import { Button, IconButton } from "../ui/Button";
import { Choices } from "../ui/Choices";
import { Icon } from "../ui/Icon";
import { layout } from "../ui/layout";
import styles from "./library.module.css";

const PAUSE_MS = 300;
/** Longest search that the API takes. */
const MOST_SEARCH = 200;

type Filter = LibraryQuery["source"] | "trash";

interface LibraryToolbarProps {
  view: LibraryQuery;
  onChange: (change: Partial<LibraryQuery>) => void;
  /** Whether the trash can be looked at. */
  trash: boolean;
}

export function LibraryToolbar({ view, onChange, trash }: LibraryToolbarProps) {
  const { library: words } = useMessages();
  const [text, setText] = useState(view.search);
  const latest = useLatest({ view, onChange });
  useEffect(() => setText(view.search), [view.search]);
  useEffect(() => {
    const pause = setTimeout(() => {
      if (text.trim() !== latest.current.view.search) latest.current.onChange({ search: text.trim(), page: 1 });
    }, PAUSE_MS);
    return () => clearTimeout(pause);
  }, [text, latest]);

  const filters: { value: Filter; text: string }[] = [
    { value: "all", text: words.all },
    { value: "uploaded", text: words.uploaded },
    { value: "ai_generated", text: words.generated },
  ];
  const show = (source: Filter): void =>
    onChange(source === "trash" ? { trashed: true, source: "all", page: 1 } : { trashed: false, source, page: 1 });
  const clear = (): void => {
    setText("");
    onChange({ search: "", page: 1 });
  };
  return (
    <div className={layout("row wrap", styles["toolbar"])}>
      <search className={styles["search"]}>
        <Icon name="search" />
        <input
          type="search"
          aria-label={words.searchLabel}
          aria-keyshortcuts="/"
          placeholder={words.searchPlaceholder}
          value={text}
          onChange={(event) => setText(beginning(event.target.value, MOST_SEARCH))}
        />
        {text && <IconButton small icon="close" label={words.clearSearch} onClick={clear} />}
      </search>
      <Choices<Filter> label={words.filterLabel} options={filters} value={view.trashed ? "trash" : view.source} onChange={show} />
      {trash && (
        <Button kind="quiet" icon="trash" aria-pressed={view.trashed} onClick={() => show(view.trashed ? "all" : "trash")}>
          {words.trash}
        </Button>
      )}
    </div>
  );
}
