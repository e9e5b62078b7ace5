import { useEffect, useId, useRef, useState } from "react";
import { asFailure } from "../failure";
import { useJobs } from "../hooks/useJobs";
import { MOST_IMAGES, usePost, type PostProblem } from "../hooks/usePost";
import { useMessages } from "../provider";
import type { Platform } from "../types";
import { Button } from "../ui/Button";
import { Choices } from "../ui/Choices";
import { TextArea } from "../ui/Field";
import { layout } from "../ui/layout";
import { useLive } from "../ui/Live";
import { Modal } from "../ui/Modal";
import { FailureNotice, Notice } from "../ui/Notice";
import { ImageSelector } from "./ImageSelector";
import { LeaveQuestion } from "./LeaveQuestion";
import { JobEnd } from "./JobEnd";
import { PostImages } from "./PostImages";
import { PostPreview } from "./PostPreview";
import type { PublishContentModalProps } from "./PublishContentModal";
import styles from "./publish.module.css";

const PLATFORMS: Platform[] = ["instagram", "facebook", "linkedin", "threads", "x"];

/** What is to be repaired first. */
const CULPRIT: Record<PostProblem, string[]> = {
  empty: ["textarea"],
  image: ["[data-add]"],
  misfit: ["[data-misfit] [data-fix] button", "[data-misfit] [data-remove]"],
};

export default function PublishContent({
  businessId,
  onClose,
  onPublish,
  postId,
  platforms = PLATFORMS,
  initialPlatform,
  initialText = "",
  initialImages = [],
}: PublishContentModalProps) {
  const { publish: words, common, failures } = useMessages();
  const [live, announce] = useLive();
  const [picking, setPicking] = useState(false);
  const [asking, setAsking] = useState(false);
  const [gone, setGone] = useState("");
  const [tried, setTried] = useState(false);
  const body = useRef<HTMLDivElement>(null);
  const id = useId();
  const post = usePost({
    businessId,
    postId,
    platform: initialPlatform ?? platforms.find((name) => name !== "instagram") ?? "instagram",
    text: initialText,
    images: initialImages,
    onPublish,
    onDone: onClose,
    onGone: (images) => {
      setGone(words.gone(images.map(({ filename }) => filename)));
      setPicking(true);
    },
  });
  const { running } = useJobs(businessId);
  const { platform, images, job, armed, problem, publishing, error } = post;
  const needsImage = platform === "instagram";
  const name = words.platforms[platform];

  const choose = (next: Platform): void => {
    post.setPlatform(next);
    setTried(false);
    if (next === "instagram" && images.length === 0 && !job) setPicking(true);
  };
  const submit = (): void => {
    setTried(true);
    setGone("");
    if (!problem) {
      post.submit();
      return;
    }
    const culprits = CULPRIT[problem].map((place) => body.current?.querySelector<HTMLElement>(place));
    culprits.find((place) => place)?.focus();
  };
  // Not an alert around the notice: a wait that is counted down in it would be read every second.
  const trouble = error ? (isHosts(error) ? words.hostFailed : (failures[asFailure(error).code]?.title ?? error.message)) : gone;
  useEffect(() => announce(trouble, true), [announce, trouble]);
  const again = error && asFailure(error).retryable ? post.submit : undefined;
  const leave = (): void => (armed || publishing ? setAsking(true) : onClose());
  const why = problem && { image: words.imageRequired, misfit: words.imageMisfit(name), empty: words.textRequired }[problem];
  const wrong = tried && problem !== null && problem !== "empty";

  const foot = (
    <div className={layout("row wrap", styles["foot"])}>
      <div className={styles["trouble"]}>
        {gone && <Notice tone="warn" title={gone} />}
        {error && (isHosts(error) ? <HostFailure error={error} /> : <FailureNotice failure={error} onRetry={again} />)}
      </div>
      <p id={`${id}-why`} className={layout("fine", styles["why"])} role={tried && why ? "alert" : undefined}>
        {armed ? words.waitingForPicture : why}
      </p>
      <Button kind="quiet" onClick={armed ? post.disarm : leave}>
        {common.cancel}
      </Button>
      <Button kind="primary" aria-describedby={`${id}-why`} off={publishing || armed} onClick={submit}>
        {publishing ? words.publishing : job ? words.publishWhenReady : words.publish}
      </Button>
    </div>
  );

  return (
    <Modal open onClose={leave} title={words.title} foot={foot}>
      <div className={styles["columns"]} ref={body}>
        <div className={layout("column", styles["form"])}>
          <div className={layout("column")}>
            <p className={layout("label")}>{words.platformLabel}</p>
            <Choices
              look="chips"
              label={words.platformLabel}
              options={platforms.map((value) => ({ value, text: words.platforms[value] }))}
              value={platform}
              onChange={choose}
            />
          </div>
          <TextArea
            label={words.textLabel}
            placeholder={words.textPlaceholder}
            rows={4}
            value={post.text}
            aria-invalid={(tried && problem === "empty") || undefined}
            aria-describedby={tried && problem === "empty" ? `${id}-why` : undefined}
            onChange={(event) => post.setText(event.target.value)}
          />
          {/* Neither a group nor a button may carry `aria-required`: the word is part of the name that is read with both. */}
          <fieldset
            className={layout("column", styles["group"])}
            aria-labelledby={`${id}-images`}
            aria-describedby={needsImage ? `${id}-required` : undefined}
            data-image-field=""
            data-wrong={wrong || undefined}
          >
            <p className={layout("label")} id={`${id}-images`}>
              {images.length > 1 ? words.imagesLabel : words.imageLabel}
              {needsImage && (
                <>
                  {" "}
                  <span className={styles["required"]}>{words.required}</span>
                </>
              )}
            </p>
            {needsImage && (
              <p className={layout("fine", styles["help"])} id={`${id}-required`}>
                {words.imageRequired}
              </p>
            )}
            <PostImages businessId={businessId} post={post} announce={announce} />
            {images.length < MOST_IMAGES && !job && (
              <Button
                icon="plus"
                className={styles["add"] ?? ""}
                data-add=""
                aria-describedby={needsImage ? `${id}-required` : undefined}
                onClick={() => setPicking(true)}
              >
                {words.addImage}
              </Button>
            )}
            {images.length < MOST_IMAGES && !job && running[0] && (
              <Notice
                tone="info"
                title={words.pendingTitle}
                action={{ text: words.pendingUse, onClick: () => running[0] && post.awaitJob(running[0]) }}
              >
                <p>{running[0].prompt}</p>
              </Notice>
            )}
            {post.lostJob && <JobEnd job={post.lostJob} />}
          </fieldset>
        </div>
        <PostPreview platform={platform} text={post.text} images={images} job={job} />
      </div>
      {live}
      <ImageSelector
        businessId={businessId}
        isOpen={picking}
        onClose={() => setPicking(false)}
        onSelectImage={(_url, image) => {
          setGone("");
          post.add(image);
        }}
        requireImage={needsImage}
        maxSelection={MOST_IMAGES - images.length}
        platforms={[platform]}
        {...(gone && { note: gone })}
      />
      <LeaveQuestion
        open={asking}
        words={words}
        note={publishing ? words.leavePublishing : words.leaveWaiting}
        onStay={() => setAsking(false)}
        onGo={onClose}
      />
    </Modal>
  );
}

function HostFailure({ error }: { error: Error }) {
  const { publish: words } = useMessages();
  return (
    <Notice tone="bad" title={words.hostFailed}>
      <p>{error.message}</p>
    </Notice>
  );
}

/** Thrown by the host's own publishing, and not by our API. */
const isHosts = (thrown: Error): boolean => thrown.name !== "Failure";
