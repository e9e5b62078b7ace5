/** What a host imports. */
import "./ui/theme.module.css";
import "./ui/layout.module.css";

export { AIImageGenerator, type AIImageGeneratorProps } from "./components/AIImageGenerator";
export { ImageLibrary, type ImageLibraryProps } from "./components/ImageLibrary";
export { ImageSelector, type ImageSelectorProps, type SelectorTab } from "./components/ImageSelector";
export { ImageUploader, type ImageUploaderProps } from "./components/ImageUploader";
export { JobTray, type JobTrayProps } from "./components/JobTray";
export { PublishContentModal, type PublishContentModalProps } from "./components/PublishContentModal";
export { SandboxMark } from "./components/SandboxMark";
export { DarkroomProvider, useSandbox, type DarkroomProviderProps } from "./provider";
export { useGenerator, type Generator, type OrderProblem } from "./hooks/useGenerator";
export type { Draft } from "./hooks/useGenerate";
export type { Offer } from "./hooks/offer";
export { usePost, type Post, type PostOptions, type PostProblem } from "./hooks/usePost";
export type { Fit } from "./hooks/useFits";
export { useJobs, type Jobs } from "./hooks/useJobs";
export { useLibrary, type Library } from "./hooks/useLibrary";
export { MOST_SELECTED, type Along, type Left, type Outcome, type Reason } from "./hooks/bulk";
export type { Span } from "./hooks/usePages";
export { useUploads, type Uploads } from "./hooks/useUploads";
export type { Upload, UploadState } from "./hooks/uploads";
export { downloadAll, downloadOne, type Saving } from "./download";
export { Failure } from "./failure";
export { english, type Messages, type SomeMessages } from "./messages";
export type * from "./types";
