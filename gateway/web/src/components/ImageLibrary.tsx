import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { MOST_SELECTED } from "../hooks/bulk";
import { useLibrary } from "../hooks/useLibrary";
import { PAGE_SIZE } from "../hooks/usePages";
import { useMessages } from "../provider";
import type { Image, Platform } from "../types";
import { Button } from "../ui/Button";
import { layout } from "../ui/layout";
import { useLive } from "../ui/Live";
import { FailureNotice } from "../ui/Notice";
import { Surface } from "../ui/Surface";
import { BulkBar } from "./BulkBar";
import { EmptyLibrary } from "./EmptyLibrary";
import { ImageDetails } from "./ImageDetails";
import { LibraryFoot } from "./LibraryFoot";
import { LibraryGrid, type Aim } from "./LibraryGrid";
import { LibraryToolbar } from "./LibraryToolbar";
import { TileSkeletons } from "./Tile";
import { ActionReport } from "./ActionReport";
import { useImageActions } from "./useImageActions";
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

export function ImageLibrary(props: ImageLibraryProps) {
  // What was selected, opened and searched belongs to one business.
  return <OneLibrary key={props.businessId} {...props} />;
}

function OneLibrary({ businessId, chosen, onChoose, maxSelection = 1, onUse, platform, empty }: ImageLibraryProps) {
  const { library: words, common } = useMessages();
  const [live, announce] = useLive();
  const library = useLibrary(businessId);
  const { view, change, items, span, pages, error } = library;
  const [marked, setMarked] = useState(NOBODY);
  const [opened, setOpened] = useState<Image | null>(null);
  const root = useRef<HTMLElement>(null);
  const aim = useRef<Aim | null>(null);

  const picking = onChoose !== undefined;
  const selection = picking ? (chosen ?? NOBODY) : marked;
  const select = onChoose ?? setMarked;
  const onLeave = (images: Image[]): void => {
    setOpened(null);
    aim.current = (now, current) => (now.some(({ id }) => images.some((image) => image.id === id)) ? -1 : current);
  };
  const actions = useImageActions({ library, selection, select, announce, onLeave });

  const use = (image: Image): void => {
    if (maxSelection === 1) select([image]);
    onUse?.(image);
  };
  const clear = (): void => {
    select(NOBODY);
    forgetReport();
    onLeave(NOBODY);
  };
  const loadMore = (): void => {
    const first = items.length;
    aim.current = (now) => (now.length > first ? first : -1);
    void library.loadMore();
  };

  const showNew = (): void => {
    const first = items[0]?.id;
    aim.current = (now) => (now[0]?.id === first ? -1 : 0);
    library.showNew();
  };

  // What is selected in the library cannot be restored, nor what is in the trash deleted.
  const { forgetReport } = actions;
  useEffect(() => {
    setMarked(NOBODY);
    forgetReport();
  }, [view.trashed, forgetReport]);
  const counted = !library.pending && !library.stale;
  const found = counted && !error ? words.found(span.total, span.exact) : "";
  const shown = counted && items.length > PAGE_SIZE ? words.shown(span.to - span.from + 1, span.total, span.exact) : "";
  useEffect(() => announce(shown || found), [shown, found, announce]);

  return (
    <Surface
      className={layout("column", styles["library"])}
      aria-label={words.label}
      ref={root}
      onKeyDown={(event) => search(event, root.current)}
    >
      <LibraryToolbar view={view} onChange={change} trash={!picking} />
      {!picking && selection.length > 0 ? (
        <BulkBar library={library} actions={actions} selection={selection} onSelect={select} onClear={clear} />
      ) : (
        <div className={layout("row apart fine", styles["summary"])}>
          <span>{found || " "}</span>
          {library.newcomers > 0 && (
            <Button small kind="primary" icon="up" onClick={showNew}>
              {words.newOnes(library.newcomers)}
            </Button>
          )}
        </div>
      )}
      <ActionReport actions={actions} />
      {error && <FailureNotice failure={error} action={{ text: common.retry, onClick: library.retry }} />}
      {items.length > 0 ? (
        <LibraryGrid
          library={library}
          selection={selection}
          most={picking ? maxSelection : MOST_SELECTED}
          platform={platform}
          onSelect={select}
          onOpen={picking ? use : setOpened}
          clickOpens={!picking}
          onDelete={(image) => actions.drop(!picking && selection.length > 1 ? selection : [image])}
          aim={aim}
        />
      ) : library.pending || pages.previous !== null || pages.next !== null ? (
        !error && <TileSkeletons />
      ) : (
        <EmptyLibrary view={view} onClear={() => change({ search: "", source: "all", page: 1 })}>
          {empty}
        </EmptyLibrary>
      )}
      <LibraryFoot library={library} onMore={loadMore} />
      {opened && (
        <ImageDetails
          businessId={businessId}
          image={opened}
          onClose={() => setOpened(null)}
          onShow={setOpened}
          onDelete={(image) => actions.drop([image])}
          onRestore={(image) => actions.restore([image])}
        />
      )}
      {actions.question}
      {actions.undo}
      {live}
    </Surface>
  );
}

/** A slash leads into the search, as on many pages. */
function search(event: KeyboardEvent, root: HTMLElement | null): void {
  if (event.key !== "/" || event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
  event.preventDefault();
  root?.querySelector<HTMLElement>("input[type=search]")?.focus();
}
