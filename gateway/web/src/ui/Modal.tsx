import * as Dialog from "@radix-ui/react-dialog";
import { useLayoutEffect, useState, type ReactNode } from "react";
import { useMessages } from "../provider";
import { IconButton } from "./Button";
import { clsx } from "./clsx";
import { layout } from "./layout";
import { useSurface } from "./Surface";
import styles from "./modal.module.css";

interface ModalProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /** Said under the title. */
  note?: ReactNode;
  /** `large` fills its place, `narrow` asks a question, `side` slides in from the edge. */
  shape?: "large" | "fitting" | "narrow" | "side";
  foot?: ReactNode;
  /** A question that must be answered: a click outside does not close it. */
  question?: boolean;
  /** What has the focus when it is closed, if it is there. Default: what had it before. */
  returnTo?: () => HTMLElement | null | undefined;
  children?: ReactNode;
}

/** A dialog with a title, a body that scrolls and a foot that stays. Focus, Escape and the inert page are Radix's work.
    Its Overlay is left out because it writes a style element, which a strict content policy refuses. */
export function Modal(props: ModalProps) {
  return (
    <Dialog.Root open={props.open} onOpenChange={(next) => !next && props.onClose()}>
      <Dialog.Portal>
        <Sheet {...props} />
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Sheet({ onClose, title, note, shape = "fitting", foot, question = false, returnTo, children }: ModalProps) {
  const { common } = useMessages();
  const surface = useSurface(clsx(styles["shade"], shape === "side" && styles["side"]));
  const returnFocus = useOpener(returnTo);
  useScrollBar();
  return (
    <div {...surface}>
      <Dialog.Content
        className={clsx(styles["modal"], styles[shape])}
        role={question ? "alertdialog" : "dialog"}
        aria-modal="true"
        onPointerDownOutside={(event) => question && event.preventDefault()}
        onCloseAutoFocus={returnFocus}
        {...(note ? {} : { "aria-describedby": undefined })}
      >
        <header className={layout("row apart", styles["head"])}>
          <div>
            <Dialog.Title className={styles["title"]}>{title}</Dialog.Title>
            {note && <Dialog.Description className={layout("fine")}>{note}</Dialog.Description>}
          </div>
          <IconButton icon="close" label={common.close} onClick={onClose} />
        </header>
        <div className={styles["body"]}>{children}</div>
        {foot && <footer className={layout("row", styles["foot"])}>{foot}</footer>}
      </Dialog.Content>
    </div>
  );
}

/** What had the focus outside of any dialog when the first one opened. */
let outside: Element | null = null;

/** Gives the focus back to what opened the dialog; to what opened the one before, where that is gone with it. */
function useOpener(returnTo: ModalProps["returnTo"]): (event: Event) => void {
  const [opener] = useState(() => document.activeElement);
  if (!opener?.closest("[role=dialog], [role=alertdialog]") && opener !== document.body) outside = opener;
  return (event) => {
    event.preventDefault();
    const target = returnTo?.() ?? (opener?.isConnected && opener !== document.body ? opener : outside);
    if (target instanceof HTMLElement) target.focus();
  };
}

/** Keeps the width of the scroll bar free while the page does not scroll, so that nothing jumps. */
function useScrollBar(): void {
  const [width] = useState(() => window.innerWidth - document.documentElement.clientWidth);
  useLayoutEffect(() => {
    if (width > 0) document.documentElement.style.setProperty("--dr-scroll-bar", `${width}px`);
  }, [width]);
}
