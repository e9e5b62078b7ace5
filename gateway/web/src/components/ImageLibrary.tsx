import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useLibraryView } from "../hooks/useLibraryView";
import { useLibraryActions, useNewcomers, usePage } from "../hooks/useLibrary";
import { useTiles } from "../hooks/useTiles";
import { useDarkroom } from "../provider";
import type { Image, Platform } from "../types";
import { Button } from "../ui/Button";
import { useLive } from "../ui/Live";
import { FailureNotice } from "../ui/Notice";
import { Surface } from "../ui/Surface";
import { BulkBar } from "./BulkBar";
import { EmptyLibrary } from "./EmptyLibrary";
import { ImageDetails } from "./ImageDetails";
import { LibraryToolbar } from "./LibraryToolbar";
import { Pager } from "./Pager";
import { Tile, TileSkeletons } from "./Tile";
import { useUndo } from "./Undo";
import styles from "./library.module.css";

export interface ImageLibraryProps {
  businessId: number;
  /** The chosen images; with `onChoose` the library is a picker, without it one to look after. */
  chosen?: Image[];
  onChoose?: (images: Image[]) => void;
  /** Most that can be chosen in a picker. Default 1. */
  maxSelection?: number;
  /** Enter or a double click on a picture, in a picker. */
  onUse?: (image: Image) => void;
  /** Marks pictures that this platform does not take. */
  platform?: Platform;
  /** What stands in an empty library: the way to a first picture. */
  empty?: ReactNode;
}

const NOBODY: Image[] = [];

export function ImageLibrary({ businessId, chosen, onChoose, maxSelection = 1, onUse, platform, empty }: ImageLibraryProps) {
  const { messages } = useDarkroom();
  const { library: words, common } = messages;
  const [live, announce] = useLive();
  const [view, change] = useLibraryView(businessId);
  const { data, error, isPending, isPlaceholderData, refetch } = usePage(businessId, view);
  const { remove, restore, removeAll } = useLibraryActions(businessId);
  const [newcomers, forgetNewcomers] = useNewcomers(businessId);
  const [hidden, setHidden] = useState<string[]>([]);
  const [marked, setMarked] = useState(NOBODY);
  const [opened, setOpened] = useState<Image | null>(null);
  const root = useRef<HTMLElement>(null);

  const picking = onChoose !== undefined;
  const selection = picking ? (chosen ?? NOBODY) : marked;
  const select = onChoose ?? setMarked;
  const items = (data?.items ?? []).filter(({ id }) => view.trashed || !hidden.includes(id));

  const failed = remove.error ?? restore.error ?? removeAll.error;
  const bringBack = async (images: Image[]): Promise<void> => {
    for (const { id } of images) await restore.mutateAsync(id);
    setHidden((now) => now.filter((id) => !images.some((image) => image.id === id)));
    announce(words.restored);
  };
  const [undo, offerUndo] = useUndo(bringBack);

  const turn = (page: number): void => change({ page: Math.max(1, Math.min(data?.pages ?? 1, page)) });
  const drop = (image: Image): void => {
    if (image.deletedAt) return;
    setHidden((now) => [...now, image.id]);
    select(selection.filter(({ id }) => id !== image.id));
    setOpened(null);
    refocus.current = true;
    remove.mutate(image.id, {
      onSuccess: () => offerUndo([image]),
      onError: () => setHidden((now) => now.filter((id) => id !== image.id)),
    });
  };
  const dropMany = async (): Promise<void> => {
    const { results } = await removeAll.mutateAsync(selection.map(({ id }) => id));
    const gone = selection.filter((image) => results.some(({ id, status }) => id === image.id && status === "deleted"));
    setMarked(selection.filter((image) => !gone.includes(image)));
    if (gone.length) offerUndo(gone);
  };

  const tiles = useTiles({
    items,
    chosen: selection,
    most: picking ? maxSelection : 100,
    onChoose: select,
    onOpen: (image) => (picking ? (select(maxSelection === 1 ? [image] : selection), onUse?.(image)) : setOpened(image)),
    onDelete: (image) =>
      selection.length > 1 && !picking ? root.current?.querySelector<HTMLElement>("[data-delete]")?.click() : drop(image),
    onTurn: (by) => turn(view.page + by),
  });

  const refocus = useRef(false);
  useEffect(() => {
    if (refocus.current && items.length) tiles.focus(tiles.here);
    refocus.current = false;
  }, [items.length]); // eslint-disable-line -- only when a tile went away
  useEffect(() => {
    // The last picture of the last page was deleted.
    if (data && data.items.length === 0 && view.page > 1) change({ page: Math.max(1, data.pages) });
  }, [data, view.page, change]);
  useEffect(forgetNewcomers, [forgetNewcomers]);
  const found = data && !isPlaceholderData ? words.found(data.total) : "";
  useEffect(() => announce(found), [found, announce]);

  const unseen = view.trashed ? [] : newcomers.filter((id) => !items.some((item) => item.id === id));
  const showNew = (): void => {
    forgetNewcomers();
    change({ page: 1, search: "", source: "all" });
    void refetch();
  };
  const shortcut = (event: KeyboardEvent): void => {
    if (event.key !== "/" || event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
    event.preventDefault();
    root.current?.querySelector<HTMLElement>("input[type=search]")?.focus();
  };

  return (
    <Surface className={styles["library"]} aria-label={words.label} ref={root} onKeyDown={shortcut}>
      <LibraryToolbar view={view} onChange={change} trash={!picking} />
      {!picking && selection.length > 0 ? (
        <BulkBar
          count={selection.length}
          trashed={view.trashed}
          onPage={() => select(items)}
          onClear={() => select([])}
          onDelete={() => (selection.length === 1 && selection[0] ? drop(selection[0]) : void dropMany().catch(() => undefined))}
          onRestore={() => void bringBack(selection).then(() => select([]))}
        />
      ) : (
        <div className={styles["summary"]}>
          <span>{found || " "}</span>
          {unseen.length > 0 && (
            <Button small kind="primary" icon="up" onClick={showNew}>
              {words.newOnes(unseen.length)}
            </Button>
          )}
        </div>
      )}
      {removeAll.data && removeAll.data.results.some(({ status }) => status !== "deleted") && selection.length > 0 && (
        <p role="alert" className={styles["partly"]}>
          {words.partly(removeAll.data.results.filter(({ status }) => status !== "deleted").length)}
        </p>
      )}
      {(error ?? failed) && (
        <FailureNotice
          failure={error ?? failed}
          actions={
            error && (
              <Button small onClick={() => void refetch()}>
                {common.retry}
              </Button>
            )
          }
        />
      )}
      {isPending && !error ? (
        <TileSkeletons />
      ) : items.length > 0 ? (
        <div
          ref={tiles.list}
          className={styles["grid"]}
          data-stale={isPlaceholderData || undefined}
          role="listbox"
          aria-label={words.grid}
          aria-multiselectable={!picking || maxSelection > 1}
          onKeyDown={tiles.onKeyDown}
        >
          {items.map((image, index) => (
            <Tile
              key={image.id}
              image={image}
              selected={selection.some(({ id }) => id === image.id)}
              current={index === tiles.here}
              platform={platform}
              checkable={!picking || maxSelection > 1}
              onPress={(event, onCheck) =>
                tiles.onTile(event, index, () => (picking || onCheck || selection.length > 0 ? tiles.toggle(index) : setOpened(image)))
              }
              onDouble={() => picking && onUse?.(image)}
            />
          ))}
        </div>
      ) : (
        data && (
          <EmptyLibrary view={view} onClear={() => change({ search: "", source: "all", page: 1 })}>
            {empty}
          </EmptyLibrary>
        )
      )}
      {data && data.pages > 1 && <Pager page={view.page} pages={data.pages} total={data.total} pageSize={data.pageSize} onTurn={turn} />}
      {opened && (
        <ImageDetails
          businessId={businessId}
          image={opened}
          onClose={() => setOpened(null)}
          onShow={setOpened}
          onDelete={drop}
          onRestore={(image) => void bringBack([image]).then(() => setOpened(null))}
        />
      )}
      {undo}
      {live}
    </Surface>
  );
}
