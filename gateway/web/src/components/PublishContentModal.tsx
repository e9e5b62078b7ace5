import type { Image, Platform, Publication } from "../types";
import { lazyDialog } from "./lazyDialog";

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

/** The dialog in which a post is put together: where, what, and with which images. */
export const PublishContentModal = lazyDialog<PublishContentModalProps>(() => import("./PublishContent").then((part) => part.default));
