import { useEffect, type RefObject } from "react";
import type { Library } from "../hooks/useLibrary";
import { useTiles } from "../hooks/useTiles";
import { useMessages } from "../provider";
import type { Image, Platform } from "../types";
import { Tile } from "./Tile";
import styles from "./library.module.css";

/** Which tile is to have the focus: its place among the pictures, or -1 while it is not there yet. */
export type Aim = (items: Image[], current: number) => number;

interface LibraryGridProps {
  library: Library;
  selection: Image[];
  /** Most that can be selected. */
  most: number;
  platform?: Platform;
  onSelect: (images: Image[]) => void;
  /** Enter, or a double click. */
  onOpen: (image: Image) => void;
  /** A plain click opens where nothing is selected; otherwise it selects. */
  clickOpens: boolean;
  onDelete: (image: Image) => void;
  /** Followed once, as soon as it can be. */
  aim: RefObject<Aim | null>;
}

/** The pictures that are shown, as one list for keyboard and pointer. */
export function LibraryGrid({ library, selection, most, platform, onSelect, onOpen, clickOpens, onDelete, aim }: LibraryGridProps) {
  const { library: words } = useMessages();
  const { items, pages, stale } = library;
  const turn = (page: number | null): void => void (page !== null && library.turn(page));
  const tiles = useTiles({
    items,
    chosen: selection,
    most,
    onChoose: onSelect,
    onOpen,
    onDelete,
    onTurn: (by) => turn(by > 0 ? pages.next : pages.previous),
  });
  useEffect(() => {
    const index = items.length > 0 ? (aim.current?.(items, tiles.here) ?? -1) : -1;
    if (index < 0) return;
    aim.current = null;
    tiles.focus(Math.min(index, items.length - 1));
  });
  return (
    <div
      ref={tiles.list}
      className={styles["grid"]}
      data-stale={stale || undefined}
      role="listbox"
      aria-label={words.grid}
      aria-multiselectable={most > 1}
      onFocus={tiles.onFocus}
    >
      {items.map((image, index) => (
        <Tile
          key={image.id}
          image={image}
          selected={selection.some(({ id }) => id === image.id)}
          current={index === tiles.here}
          platform={platform}
          checkable={most > 1}
          onPress={(event, onCheck) =>
            tiles.onTile(event, index, () => (clickOpens && !onCheck && selection.length === 0 ? onOpen(image) : tiles.toggle(index)))
          }
          onKeyDown={tiles.onKeyDown}
          onDouble={() => clickOpens || onOpen(image)}
        />
      ))}
    </div>
  );
}
