import type { Library } from "../hooks/useLibrary";
import { useMessages } from "../provider";
import { IconButton } from "../ui/Button";
import styles from "./library.module.css";

interface PagerProps {
  pages: Library["pages"];
  span: Library["span"];
  onTurn: (page: number) => void;
}

export function Pager({ pages: { previous, next, last }, span, onTurn }: PagerProps) {
  const { library: words } = useMessages();
  const to = (page: number | null) => ({ off: page === null, onClick: () => page !== null && onTurn(page) });
  return (
    <nav className={styles["pager"]} aria-label={words.pages}>
      <IconButton icon="first" label={words.first} {...to(previous && 1)} />
      <IconButton icon="left" label={words.previous} {...to(previous)} />
      <span className={styles["range"]}>{words.range(span.from, span.to, span.total, span.exact)}</span>
      <IconButton icon="right" label={words.next} {...to(next)} />
      <IconButton icon="last" label={last === null ? words.lastUnknown : words.last} {...to(next && last)} />
    </nav>
  );
}
