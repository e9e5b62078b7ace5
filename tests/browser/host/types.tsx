/** Compiled, never run: what a host may write, and what the exported types refuse. */
import { Suspense } from "react";
import {
  AIImageGenerator,
  DarkroomProvider,
  english,
  Failure,
  ImageLibrary,
  ImageSelector,
  ImageUploader,
  JobTray,
  PublishContentModal,
  SandboxMark,
  useJobs,
  useUploads,
  type Image,
  type ImageSelectorProps,
  type Job,
  type Publication,
} from "@darkroom/studio";

const props: ImageSelectorProps = {
  businessId: 1,
  isOpen: true,
  onClose: () => undefined,
  onSelectImage: (url: string) => url,
};

// @ts-expect-error - what was chosen must be received
export const deaf = <ImageSelector businessId={1} isOpen onClose={() => undefined} />;
// @ts-expect-error - a number, not its text
export const wrong = <ImageLibrary businessId="1" />;

export function Everything({ publish }: { publish: (publication: Publication) => Promise<void> }) {
  const made = (image: Image): string => image.url;
  return (
    <DarkroomProvider theme="dark" locale="de" messages={{ common: { close: "Zu" } }} onUnauthorized={(token) => token?.length}>
      <Suspense>
        <ImageSelector {...props} maxSelection={3} platform="instagram" initialTab="library" />
        <ImageUploader businessId={1} onUploaded={made} />
        <AIImageGenerator businessId={1} onGenerated={made} confirmAboveUsd={1} />
        <ImageLibrary businessId={1} />
        <PublishContentModal businessId={1} isOpen onClose={() => undefined} onPublish={publish} />
        <JobTray businessId={1} placement="inline" />
        <SandboxMark />
        <Faceless />
      </Suspense>
    </DarkroomProvider>
  );
}

function Faceless() {
  const jobs: Job[] = useJobs(1).running;
  const { uploads, add } = useUploads(1);
  const failures = uploads.flatMap(({ state }) =>
    state.phase === "failed" && state.failure instanceof Failure ? [state.failure.code] : [],
  );
  return (
    <button type="button" onClick={() => add([])}>
      {jobs.length} {failures.join()} {english.common.close}
    </button>
  );
}
