/** Moving and choosing among tiles by keyboard and pointer: one tile is in the tab order, the arrows move, Shift extends. */
import { useRef, useState, type FocusEvent, type KeyboardEvent, type MouseEvent } from "react";

interface Options<Item extends { id: string }> {
  items: Item[];
  chosen: Item[];
  /** Most that can be chosen at once. */
  most: number;
  onChoose: (items: Item[]) => void;
  /** Enter. */
  onOpen: (item: Item) => void;
  /** Delete. */
  onDelete: (item: Item) => void;
  /** Page Up and Page Down. */
  onTurn: (by: -1 | 1) => void;
}

export function useTiles<Item extends { id: string }>({ items, chosen, most, onChoose, onOpen, onDelete, onTurn }: Options<Item>) {
  const list = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(0);
  const anchor = useRef(0);
  const here = Math.min(current, Math.max(0, items.length - 1));

  const tiles = (): HTMLElement[] => Array.from(list.current?.querySelectorAll<HTMLElement>("[role=option]") ?? []);
  const focus = (index: number): void => {
    setCurrent(index);
    tiles()[index]?.focus();
  };
  const has = (item: Item): boolean => chosen.some(({ id }) => id === item.id);
  const toggle = (index: number): void => {
    const item = items[index];
    if (!item) return;
    anchor.current = index;
    if (has(item)) onChoose(chosen.filter(({ id }) => id !== item.id));
    else onChoose(most === 1 ? [item] : [...chosen, item].slice(-most));
  };
  const extend = (to: number): void => {
    const [from, until] = [Math.min(anchor.current, to), Math.max(anchor.current, to)];
    onChoose(most === 1 ? items.slice(to, to + 1) : items.slice(from, until + 1).slice(0, most));
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const item = items[here];
    const columns = columnsOf(tiles());
    const forward = getComputedStyle(event.currentTarget).direction === "rtl" ? -1 : 1;
    const move = (to: number) => (): void => {
      const index = Math.max(0, Math.min(items.length - 1, to));
      focus(index);
      if (event.shiftKey) extend(index);
    };
    const actions: Record<string, (() => void) | false | undefined> = {
      ArrowRight: move(here + forward),
      ArrowLeft: move(here - forward),
      ArrowDown: move(here + columns),
      ArrowUp: move(here - columns),
      Home: move(0),
      End: move(items.length - 1),
      PageDown: () => onTurn(1),
      PageUp: () => onTurn(-1),
      " ": () => toggle(here),
      a: (event.ctrlKey || event.metaKey) && (() => most > 1 && onChoose(items.slice(0, most))),
      Enter: item && (() => onOpen(item)),
      Delete: item && (() => onDelete(item)),
    };
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };

  /** Screen readers and scripts move the focus without a key. */
  const onFocus = (event: FocusEvent): void => {
    const index = tiles().indexOf(event.target as HTMLElement);
    if (index >= 0) setCurrent(index);
  };

  const onTile = (event: MouseEvent, index: number, plain: () => void): void => {
    setCurrent(index);
    if (event.shiftKey) extend(index);
    else if (event.ctrlKey || event.metaKey) toggle(index);
    else plain();
  };

  return { list, here, focus, toggle, onKeyDown, onFocus, onTile };
}

/** How many tiles stand in the first row. */
function columnsOf(tiles: HTMLElement[]): number {
  const top = tiles[0]?.offsetTop;
  const second = tiles.findIndex((tile) => tile.offsetTop !== top);
  return second < 0 ? Math.max(1, tiles.length) : second;
}
