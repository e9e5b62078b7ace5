import type { Image, Platform } from "../types";
import { lazyDialog } from "./lazyDialog";

export type SelectorTab = "upload" | "generate" | "library";

export interface ImageSelectorProps {
  businessId: number;
  isOpen: boolean;
  onClose: () => void;
  /** The address and all that is known of the image. Called once for each where several may be chosen. */
  onSelectImage: (url: string, image: Image) => void;
  /** Says that nothing can be published without an image. */
  requireImage?: boolean;
  /** Each chosen image needs an alt text, or must be said to be decorative. */
  requireAltText?: boolean;
  /** Most images that can be chosen. Default 1. */
  maxSelection?: number;
  /** Where the image will be published: one that any of these does not take cannot be used. It is shown and marked all the same,
      with a copy that fits at one click. */
  platforms?: Platform[];
  /** The same for a single one. */
  platform?: Platform;
  /** The tab that is open first. Default: the one of last time. */
  initialTab?: SelectorTab;
  /** Said under the title: why the dialog is here. */
  note?: string;
}

/** The dialog in which a person chooses an image: a new one, a generated one, or one that is there. */
export const ImageSelector = lazyDialog<ImageSelectorProps>(() => import("./SelectorContent").then((part) => part.default));
