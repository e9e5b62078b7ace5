/** What the API speaks of, as the components use it: the shapes of the wire with names in camel case. Times are RFC 3339, money is decimal text. */

export type ImageSource = "uploaded" | "ai_generated";
export type JobStatus = "queued" | "running" | "succeeded" | "failed" | "canceled";
export type JobStage = "waiting" | "generating" | "storing" | "done";
/** Whether money was spent; `unknown` where the outcome of a paid call was lost. */
export type Charged = boolean | "unknown";
export type Platform = "instagram" | "facebook" | "linkedin" | "threads" | "x";

export interface Generation {
  jobId: string;
  prompt: string;
  model: string;
  size: string;
  quality: string;
  costUsd: string | null;
}

export interface Image {
  id: string;
  businessId: number;
  source: ImageSource;
  filename: string;
  url: string;
  thumbnailUrl: string;
  width: number;
  height: number;
  format: "jpeg" | "png" | "webp";
  bytes: number;
  sha256: string;
  /** Null: nobody wrote one yet. Empty: decorative, there is nothing to describe. */
  altText: string | null;
  parentId: string | null;
  generation: Generation | null;
  instagram: { valid: boolean; publishableAsIs: boolean; warnings: string[] };
  /** How many posts it is attached to; its bytes are not destroyed while there is one. */
  usedIn: number;
  createdAt: string;
  deletedAt: string | null;
  purgeAfter: string | null;
}

/** A post that an image is attached to. */
export interface PostOfImage {
  /** The host's own name of the post. */
  postId: string;
  platform: Platform | null;
  attachedAt: string;
}

export interface JobFailure {
  code: string;
  detail: string;
  retryable: boolean;
  charged: Charged;
}

export interface Job {
  jobId: string;
  businessId: number;
  status: JobStatus;
  stage: JobStage;
  prompt: string;
  model: string;
  size: string;
  quality: string;
  attempt: number;
  queue: { position: number; etaSeconds: number; waitingFor: string | null } | null;
  etaSeconds: number | null;
  cost: { estimatedUsd: string; actualUsd: string | null; charged: Charged | null };
  image: Image | null;
  /** The picture of a job that ended without one, where it was found later. Its status stays as it is. */
  lateImage?: Image | null;
  error: JobFailure | null;
  cancelRequested: boolean;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

export interface Page<Item> {
  items: Item[];
  total: number;
  /** False: there are more than `total`, which is where a search stops counting. Not said of jobs. */
  totalExact?: boolean;
  /** Null where the page was asked for by a cursor. */
  page: number | null;
  pageSize: number;
  pages: number;
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

export interface SizeOffer {
  size: string;
  width: number;
  height: number;
  ratio: string;
  label: string;
  instagramReady: boolean;
  default: boolean;
}

export interface ModelOffer {
  model: string;
  label: string;
  status: "active" | "deprecated" | "retired";
  shutdownDate: string | null;
  replacement: string | null;
  exactPrices: boolean;
  sizes: SizeOffer[];
  qualities: string[];
  maxPromptCharacters: number;
  /** By size, then by quality. */
  prices: Record<string, Record<string, string>>;
}

export interface Catalogue {
  models: ModelOffer[];
  defaultModel: string | null;
  catalogueVersion: string;
}

export interface Choice {
  model: string;
  size: string;
  quality: string;
}

export interface Estimate extends Choice {
  unitCostUsd: string;
  totalCostUsd: string;
  count: number;
  /** False: billed by what the picture turns out to take. */
  exact: boolean;
  priceListVersion: string;
  /** Null where nothing is limited. */
  budget: Budget | null;
  /** Other offers and what they cost. */
  alternatives: (Choice & { unitCostUsd: string })[];
}

/** What a business may spend in a month (UTC), and what became of it. */
export interface Budget {
  limitUsd: string;
  spentUsd: string;
  /** Estimates of the open jobs that have no picture yet. */
  reservedUsd: string;
  /** Estimates of calls that may have been charged. */
  unknownUsd: string;
  leftUsd: string;
  /** The first moment of the next month. */
  resetsAt: string;
}

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

export interface Check {
  code: string;
  ok: boolean;
  severity: "error" | "warning" | "info";
  message: string;
  fix: string;
}

export interface Verdict {
  valid: boolean;
  publishableAsIs: boolean;
  checks: Check[];
  warnings: string[];
  /** Addresses of copies that pass; null where none is needed. The two are the same where the shape can stay. */
  fix: { crop: { url: string | null }; pad: { url: string | null } } | null;
}

export type Preset = "instagram_4x5" | "instagram_1x1" | "instagram_191x100";
export type FixMode = "crop" | "pad";

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
