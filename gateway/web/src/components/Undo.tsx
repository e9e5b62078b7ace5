import * as Toast from "@radix-ui/react-toast";
import { useCallback, useState, type ReactNode } from "react";
import { useMessages } from "../provider";
import type { Image } from "../types";
import { Button } from "../ui/Button";
import { layout } from "../ui/layout";
import styles from "./undo.module.css";

const SECONDS = 10;

/** For ten seconds after a deletion, the way back. Lives inside the library, so that it also works within a dialog. */
export function useUndo(onUndo: (images: Image[]) => Promise<void>): [ReactNode, (images: Image[]) => void] {
  const { library: words, common } = useMessages();
  const [offers, setOffers] = useState<{ id: string; images: Image[] }[]>([]);
  const offer = useCallback((images: Image[]) => setOffers((now) => [...now, { id: images.map(({ id }) => id).join(), images }]), []);
  const close = (id: string): void => setOffers((now) => now.filter((other) => other.id !== id));
  const toasts = (
    <Toast.Provider duration={SECONDS * 1000} label={common.undo} swipeDirection="down">
      {offers.map(({ id, images }) => (
        <Toast.Root key={id} className={layout("row apart", styles["toast"])} onOpenChange={(open) => !open && close(id)}>
          <Toast.Description>{words.deleted(images.length)}</Toast.Description>
          <Toast.Action altText={common.undo} asChild>
            <Button small onClick={() => void onUndo(images)}>
              {common.undo}
            </Button>
          </Toast.Action>
        </Toast.Root>
      ))}
      <Toast.Viewport className={styles["toasts"]} />
    </Toast.Provider>
  );
  return [toasts, offer];
}
