import { useMessages } from "../provider";
import { IconButton } from "../ui/Button";
import styles from "./library.module.css";

interface PagerProps {
  page: number;
  pages: number;
  total: number;
  pageSize: number;
  onTurn: (page: number) => void;
}

export function Pager({ page, pages, total, pageSize, onTurn }: PagerProps) {
  const { library: words } = useMessages();
  const from = (page - 1) * pageSize + 1;
  return (
    <nav className={styles["pager"]} aria-label={words.pages}>
      <IconButton icon="first" label={words.first} off={page <= 1} onClick={() => onTurn(1)} />
      <IconButton icon="left" label={words.previous} off={page <= 1} onClick={() => onTurn(page - 1)} />
      <span className={styles["range"]}>{words.range(from, Math.min(total, from + pageSize - 1), total)}</span>
      <IconButton icon="right" label={words.next} off={page >= pages} onClick={() => onTurn(page + 1)} />
      <IconButton icon="last" label={words.last} off={page >= pages} onClick={() => onTurn(pages)} />
    </nav>
  );
}
