import { Suspense, useState } from "react";
import { patient } from "../patient";
import type { Image, Platform, Publication } from "../types";

export interface PublishContentModalProps {
  businessId: number;
  isOpen: boolean;
  onClose: () => void;
  /** The host's own publishing; a rejected promise keeps the dialog open and shows its message. The images are attached to the
      post before it is called, and let go of where it fails and the dialog is closed. */
  onPublish: (publication: Publication) => void | Promise<void>;
  /** The host's own name of the post, 1 to 200 characters, where it has one before it is published; `initialImages` are what it
      shows then. Default: a new one for each opening, handed to `onPublish`. */
  postId?: string;
  /** What can be published on. Default: all that Darkroom knows. */
  platforms?: Platform[];
  initialPlatform?: Platform;
  initialText?: string;
  initialImages?: Image[];
}

const Content = patient(() => import("./PublishContent").then((part) => part.default));

/** The dialog in which a post is put together: where, what, and with which images. */
export function PublishContentModal(props: PublishContentModalProps) {
  const { isOpen } = props;
  // A new opening begins with a new post.
  const [opening, setOpening] = useState({ number: 0, isOpen });
  if (opening.isOpen !== isOpen) setOpening({ number: opening.number + 1, isOpen });
  if (!isOpen) return null;
  return (
    <Suspense>
      <Content key={opening.number} {...props} />
    </Suspense>
  );
}

/** Fetches the dialog's code while nobody waits for it. */
PublishContentModal.preload = Content.preload;
