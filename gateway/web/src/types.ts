/** What the API speaks of, as the components use it: its own shapes with names in camel case. Times are RFC 3339, money is decimal text. */
import type { Camel, Schemas } from "./camel";

export type ImageSource = Schemas["ImageSource"];
export type JobStatus = Schemas["JobStatus"];
export type JobStage = Schemas["Stage"];
export type Platform = Schemas["Platform"];
/** Whether money was spent; `unknown` where the outcome of a paid call was lost. */
export type Charged = JobFailure["charged"];

// Interfaces, so that an editor shows their names and not all that is in them.
export interface Generation extends Camel<Schemas["Generation"]> {}
export interface Image extends Camel<Schemas["Image"]> {}
/** A post that an image is attached to; `postId` is the host's own name of it. */
export interface PostOfImage extends Camel<Schemas["Post"]> {}
export interface JobFailure extends Camel<Schemas["JobFailure"]> {}
export interface Job extends Camel<Schemas["Job"]> {}

/** A page of images, or of jobs, of which `totalExact` is not said. */
export type Page<Item> = Omit<Camel<Schemas["ImagePage"]>, "items" | "totalExact"> & { items: Item[]; totalExact?: boolean };

export interface SizeOffer extends Camel<Schemas["OfferedSize"]> {}
export interface ModelOffer extends Camel<Schemas["OfferedModel"]> {}
export interface Catalogue extends Camel<Schemas["Offer"]> {}
export interface Choice extends Pick<Schemas["Alternative"], "model" | "size" | "quality"> {}
export interface Estimate extends Camel<Schemas["Estimate"]> {}
/** What a business may spend in a month (UTC), and what became of it. */
export interface Budget extends Camel<Schemas["Budget"]> {}

/** What a person asked for, with the key that makes asking twice the same as asking once. */
export interface Wish extends Choice {
  key: string;
  businessId: number;
  prompt: string;
  altText: string | null;
  /** The price that was shown; a dearer one is refused instead of paid. */
  maxCostUsd: string | null;
}

export interface LibraryQuery {
  page: number;
  search: string;
  source: "all" | ImageSource;
  trashed: boolean;
}

export interface Check extends Camel<Schemas["Check"]> {}
export interface Verdict extends Camel<Schemas["Verdict"]> {}
export type Preset = Schemas["Wish"]["preset"];
export type FixMode = Schemas["Wish"]["mode"];

export interface PublishedImage {
  id: string;
  /** Of the picture, or of a copy in the same shape where the platform's API does not take the very file. */
  url: string;
  /** Null: nobody wrote one. Empty: decorative, there is nothing to describe. */
  altText: string | null;
  aiGenerated: boolean;
}

/** What the host's `onPublish` receives. */
export interface Publication {
  /** The name under which the images are attached: keep it with the post, and detach them when the post goes. */
  postId: string;
  platform: Platform;
  text: string;
  images: PublishedImage[];
}

export const isFinal = (job: Job): boolean => job.status !== "queued" && job.status !== "running";
