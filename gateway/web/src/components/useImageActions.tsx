/** Looking after pictures: what is asked first, what can be undone, and what is told of those that were left. */
import { useCallback, useState } from "react";
import { downloadAll, downloadOne } from "../download";
import { MOST_SELECTED, type Along, type Outcome } from "../hooks/bulk";
import { useLatest } from "../hooks/useLatest";
import type { Library } from "../hooks/useLibrary";
import { useTask, type Task } from "../hooks/useTask";
import { useMessages } from "../provider";
import type { Image } from "../types";
import { DeleteQuestion } from "./DeleteQuestion";
import type { Report } from "./ActionReport";
import { useUndo } from "./Undo";

interface ImageActionsOptions {
  library: Library;
  selection: Image[];
  select: (images: Image[]) => void;
  announce: (text: string) => void;
  /** These go out of view now. */
  onLeave: (images: Image[]) => void;
}

const NOBODY: Image[] = [];

export type ImageActions = ReturnType<typeof useImageActions>;

export function useImageActions({ library, selection, select, announce, onLeave }: ImageActionsOptions) {
  const { library: words } = useMessages();
  const { busy, failure, run } = useTask();
  const [report, setReport] = useState<Report | null>(null);
  const [asked, setAsked] = useState(NOBODY);
  const selected = useLatest(selection);

  const forgetReport = useCallback(() => setReport(null), []);
  /** Those that are done are no longer selected. The focus goes to what follows them, unless others stay selected. */
  const leave = (images: Image[], stays = false): void => {
    if (images.length === 0) return;
    select(selected.current.filter(({ id }) => !images.some((image) => image.id === id)));
    if (!stays) onLeave(images);
  };
  const tell = (kind: Report["kind"], { left, failure: failed }: Outcome): void => {
    setReport(left.length > 0 ? { kind, left } : null);
    if (failed) throw failed;
  };

  const restore = (images: Image[]): Promise<void> =>
    run(async (task) => {
      const outcome = await library.restore(images, along(task, images.length, words.restoring));
      if (outcome.done.length > 0) announce(words.restored);
      if (library.view.trashed) leave(outcome.done, outcome.done.length < images.length);
      tell("restore", outcome);
    });
  const [undo, offerUndo] = useUndo(restore);

  const remove = (images: Image[], evenIfUsed: boolean): Promise<void> =>
    run(async (task) => {
      setAsked(NOBODY);
      const single = images.length === 1;
      const before = selected.current.filter(({ id }) => single && id === images[0]?.id);
      if (single) leave(images);
      const outcome = await library.remove(images, { evenIfUsed, ...along(task, images.length, words.moving) });
      const [kept] = outcome.left;
      if (outcome.done.length > 0) offerUndo(outcome.done);
      else if (before.length > 0) select([...selected.current, ...before]);
      if (single && kept?.reason === "in_use") return setAsked([kept.image]);
      if (!single) leave(outcome.done, outcome.done.length < images.length);
      tell("remove", outcome);
    });

  const download = (images: Image[]): Promise<void> =>
    run(async ({ signal, say }) => {
      const [first] = images;
      setReport(null);
      if (first && images.length === 1) await downloadOne(first, signal);
      else {
        const onProgress = (done: number): void => say(words.saving(done, images.length), done, images.length);
        onProgress(0);
        const missing = await downloadAll(images, { name: words.zip(new Date().toISOString().slice(0, 10)), signal, onProgress });
        if (missing.length > 0) select(missing);
        setReport(missing.length > 0 ? { kind: "save", left: missing.map((image) => ({ image, reason: "not_sent" })) } : null);
        announce(words.saved(images.length - missing.length));
      }
    });

  const selectAll = (): Promise<void> =>
    run(async ({ signal, say }) => {
      const of = Math.min(library.span.total, MOST_SELECTED);
      const onProgress = (done: number): void => say(words.selecting(done), done, of);
      onProgress(0);
      const { images, cut } = await library.everyMatching({ signal, onProgress });
      select(images);
      announce(cut ? words.selectedFirst(images.length) : words.selected(images.length));
    }, true);

  return {
    busy,
    failure,
    report,
    forgetReport,
    /** Asks first where several are meant, or where a post shows it. */
    drop: (images: Image[]): void => {
      const [first] = images;
      if (!first || busy || images.some(({ deletedAt }) => deletedAt !== null)) return;
      if (images.length > 1 || first.usedIn > 0) setAsked(images);
      else void remove(images, false);
    },
    dropUsed: (images: Image[]) => void remove(images, true),
    restore: (images: Image[]) => void restore(images),
    download: (images: Image[]) => void download(images),
    selectAll: () => void selectAll(),
    question: asked.length > 0 && (
      <DeleteQuestion images={asked} onClose={() => setAsked(NOBODY)} onYes={(evenIfUsed) => void remove(asked, evenIfUsed)} />
    ),
    undo,
  };
}

/** Words for the progress of many; one is over in a moment. */
function along({ signal, say }: Task, of: number, words: (done: number, of: number) => string): Along {
  if (of === 1) return { signal };
  const onProgress = (done: number): void => say(words(done, of), done, of);
  onProgress(0);
  return { signal, onProgress };
}
