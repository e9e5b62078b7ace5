import { useId, useRef, useState } from "react";
import { useJobs } from "../hooks/useJobs";
import { MOST_IMAGES, usePost } from "../hooks/usePost";
import { useMessages } from "../provider";
import type { Platform } from "../types";
import { Button } from "../ui/Button";
import { Choices } from "../ui/Choices";
import { TextArea } from "../ui/Field";
import { Modal } from "../ui/Modal";
import { FailureNotice, Notice } from "../ui/Notice";
import { ImageSelector } from "./ImageSelector";
import { PostImages } from "./PostImages";
import { PostPreview } from "./PostPreview";
import type { PublishContentModalProps } from "./PublishContentModal";
import styles from "./publish.module.css";

const PLATFORMS: Platform[] = ["instagram", "facebook", "linkedin", "threads", "x"];

export default function PublishContent({
  businessId,
  onClose,
  onPublish,
  platforms = PLATFORMS,
  initialPlatform,
  initialText = "",
  initialImages = [],
}: PublishContentModalProps) {
  const { publish: words, common } = useMessages();
  const [picking, setPicking] = useState(false);
  const [gone, setGone] = useState(false);
  const [tried, setTried] = useState(false);
  const body = useRef<HTMLDivElement>(null);
  const id = useId();
  const post = usePost({
    businessId,
    platform: initialPlatform ?? platforms.find((name) => name !== "instagram") ?? "instagram",
    text: initialText,
    images: initialImages,
    onPublish,
    onDone: onClose,
    onGone: () => {
      setGone(true);
      setPicking(true);
    },
  });
  const { running } = useJobs(businessId);
  const { platform, images, job, armed, problem, publish } = post;
  const needsImage = platform === "instagram";

  const choose = (name: Platform): void => {
    post.setPlatform(name);
    setTried(false);
    if (name === "instagram" && images.length === 0 && !job) setPicking(true);
  };
  const submit = (): void => {
    setTried(true);
    setGone(false);
    if (!problem) return post.submit();
    body.current?.querySelector<HTMLElement>(problem === "empty" ? "textarea" : "[data-image-field] button")?.focus();
  };
  const why = problem && { image: words.imageRequired, misfit: words.imageMisfit, empty: words.textRequired }[problem];

  const foot = (
    <div className={styles["foot"]}>
      <p id={`${id}-why`} className={styles["why"]} role={tried && why ? "alert" : undefined}>
        {armed ? words.waitingForPicture : why}
      </p>
      <Button kind="quiet" onClick={armed ? post.disarm : onClose}>
        {common.cancel}
      </Button>
      <Button kind="primary" aria-describedby={`${id}-why`} off={publish.isPending || armed} onClick={submit}>
        {publish.isPending ? words.publishing : job ? words.publishWhenReady : words.publish}
      </Button>
    </div>
  );

  return (
    <Modal open onClose={onClose} title={words.title} foot={foot}>
      <div className={styles["columns"]} ref={body}>
        <div className={styles["form"]}>
          <div className={styles["group"]}>
            <p className={styles["label"]}>{words.platformLabel}</p>
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
            onChange={(event) => post.setText(event.target.value)}
          />
          <div
            className={styles["group"]}
            role="group"
            aria-labelledby={`${id}-images`}
            aria-describedby={needsImage ? `${id}-required` : undefined}
            data-image-field=""
          >
            <p className={styles["label"]} id={`${id}-images`}>
              {images.length > 1 ? words.imagesLabel : words.imageLabel}
            </p>
            {needsImage && (
              <p className={styles["help"]} id={`${id}-required`}>
                {words.imageRequired}
              </p>
            )}
            <PostImages
              businessId={businessId}
              platform={platform}
              images={images}
              job={job}
              onMove={post.move}
              onRemove={post.remove}
              onReplace={post.replace}
              decorative={post.decorative}
              onDecorate={post.decorate}
            />
            {images.length < MOST_IMAGES && !job && (
              <Button icon="plus" className={styles["add"] ?? ""} onClick={() => setPicking(true)}>
                {words.addImage}
              </Button>
            )}
            {!job && running[0] && (
              <Notice
                tone="info"
                title={words.pendingTitle}
                actions={
                  <Button small onClick={() => post.await(running[0] ?? null)}>
                    {words.pendingUse}
                  </Button>
                }
              >
                <p>{running[0].prompt}</p>
              </Notice>
            )}
          </div>
          {gone && <Notice tone="warn" title={words.gone} />}
          {publish.isError &&
            (isHosts(publish.error) ? (
              <Notice tone="bad" title={words.hostFailed}>
                <p>{publish.error.message}</p>
              </Notice>
            ) : (
              <FailureNotice failure={publish.error} />
            ))}
        </div>
        <PostPreview platform={platform} text={post.text} images={images} job={job} />
      </div>
      <ImageSelector
        businessId={businessId}
        isOpen={picking}
        onClose={() => setPicking(false)}
        onSelectImage={(_url, image) => post.add(image)}
        requireImage={needsImage}
        maxSelection={MOST_IMAGES - images.length}
        {...(needsImage && { platform })}
      />
    </Modal>
  );
}

/** Thrown by the host's own publishing, and not by our API. */
const isHosts = (thrown: Error): boolean => thrown.name !== "Failure";
