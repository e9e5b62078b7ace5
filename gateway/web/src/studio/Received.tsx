import type { Image, Publication } from "../types";
import { Modal } from "../ui/Modal";
import { words } from "./words";
import styles from "./studio.module.css";

export type Handed = { kind: "post"; value: Publication } | { kind: "image"; value: { url: string; image: Image } };

/** Shows what a host's own functions would be called with. */
export default function Received({ handed, onClose }: { handed: Handed; onClose: () => void }) {
  return (
    <Modal open onClose={onClose} title={words.received} note={words.receivedHelp[handed.kind]}>
      <pre className={styles["code"]}>{JSON.stringify(handed.value, null, 2)}</pre>
    </Modal>
  );
}
