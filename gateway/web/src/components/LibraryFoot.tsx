import type { Library } from "../hooks/useLibrary";
import { useMessages } from "../provider";
import { Button, IconButton } from "../ui/Button";
import { layout } from "../ui/layout";
import { FailureNotice } from "../ui/Notice";
import styles from "./library.module.css";

/** The ways to the pictures that are not shown: more of them under these, or other pages. */
export function LibraryFoot({ library, onMore }: { library: Library; onMore: () => void }) {
  const { library: words } = useMessages();
  const { pages, span, turn, loadingMore, moreError, stale } = library;
  const { previous, next, last } = pages;
  if (previous === null && next === null) return null;
  const to = (page: number | null) => ({ off: page === null, onClick: () => page !== null && turn(page) });
  return (
    <div className={layout("row wrap apart", styles["foot"])}>
      {moreError && (
        <div className={styles["failed"]} role="alert">
          <FailureNotice failure={moreError} />
        </div>
      )}
      {next !== null && (
        <Button off={loadingMore || stale} onClick={onMore}>
          {loadingMore ? words.loadingMore : words.loadMore}
        </Button>
      )}
      <nav className={layout("row", styles["pager"])} aria-label={words.pages}>
        <IconButton icon="first" label={words.first} {...to(previous && 1)} />
        <IconButton icon="left" label={words.previous} {...to(previous)} />
        <span className={layout("fine", styles["range"])}>{words.range(span.from, span.to, span.total, span.exact)}</span>
        <IconButton icon="right" label={words.next} {...to(next)} />
        <IconButton icon="last" label={last === null ? words.lastUnknown : words.last} {...to(next && last)} />
      </nav>
    </div>
  );
}
