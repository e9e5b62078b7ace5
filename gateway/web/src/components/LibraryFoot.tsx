import type { Library } from "../hooks/useLibrary";
import { useMessages } from "../provider";
import { Button } from "../ui/Button";
import { FailureNotice } from "../ui/Notice";
import { Pager } from "./Pager";
import styles from "./library.module.css";

/** The ways to the pictures that are not shown: more of them under these, or other pages. */
export function LibraryFoot({ library, onMore }: { library: Library; onMore: () => void }) {
  const { library: words } = useMessages();
  const { pages, span, turn, loadingMore, moreError, stale } = library;
  if (pages.previous === null && pages.next === null) return null;
  return (
    <div className={styles["foot"]}>
      {moreError && (
        <div className={styles["failed"]} role="alert">
          <FailureNotice failure={moreError} />
        </div>
      )}
      {pages.next !== null && (
        <Button off={loadingMore || stale} onClick={onMore}>
          {loadingMore ? words.loadingMore : words.loadMore}
        </Button>
      )}
      <Pager pages={pages} span={span} onTurn={turn} />
    </div>
  );
}
