import { useVerdict } from "../hooks/useLibrary";
import { useMessages } from "../provider";
import type { Image, Job, Platform } from "../types";
import { IconButton } from "../ui/Button";
import { Checkbox } from "../ui/Field";
import { Notice } from "../ui/Notice";
import { Progress } from "../ui/Progress";
import { Thumb } from "../ui/Thumb";
import { AltText } from "./AltText";
import { InstagramFix } from "./InstagramFix";
import { spokenOf } from "./JobStage";
import styles from "./publish.module.css";

interface PostImagesProps {
  businessId: number;
  platform: Platform;
  images: Image[];
  /** The picture that is awaited. */
  job: Job | null;
  onMove: (index: number, by: -1 | 1) => void;
  onRemove: (id: string) => void;
  onReplace: (id: string, by: Image) => void;
  /** Images of this post that say nothing. */
  decorative: string[];
  onDecorate: (id: string, is: boolean) => void;
}

/** The images of a post in their order, each with what the platform says of it. */
export function PostImages({ businessId, platform, images, job, onMove, onRemove, onReplace, decorative, onDecorate }: PostImagesProps) {
  const { publish: words, generate, common } = useMessages();
  return (
    <ol className={styles["images"]}>
      {images.map((image, index) => (
        <li key={image.id} className={styles["image"]}>
          <div className={styles["line"]}>
            <Thumb image={image} className={styles["thumb"] ?? ""} />
            <span className={styles["name"]}>{image.filename}</span>
            {images.length > 1 && (
              <>
                <IconButton small icon="left" label={words.moveLeft(image.filename)} off={index === 0} onClick={() => onMove(index, -1)} />
                <IconButton
                  small
                  icon="right"
                  label={words.moveRight(image.filename)}
                  off={index === images.length - 1}
                  onClick={() => onMove(index, 1)}
                />
              </>
            )}
            <IconButton small icon="close" label={words.removeImage(image.filename)} onClick={() => onRemove(image.id)} />
          </div>
          {platform === "instagram" ? (
            <InstagramFix businessId={businessId} image={image} onFixed={(copy) => onReplace(image.id, copy)} />
          ) : (
            <Advice image={image} platform={platform} />
          )}
          {!image.altText && (
            <>
              {!decorative.includes(image.id) && (
                <AltText compact businessId={businessId} image={image} onSaved={(saved) => onReplace(image.id, saved)} />
              )}
              <Checkbox checked={decorative.includes(image.id)} onChange={(event) => onDecorate(image.id, event.target.checked)}>
                {common.decorative}
              </Checkbox>
            </>
          )}
        </li>
      ))}
      {job && (
        <li className={styles["image"]}>
          <div className={styles["line"]}>
            <span className={styles["plate"]} />
            <span className={styles["name"]}>{job.prompt}</span>
          </div>
          <Progress label={job.prompt} percent={null} text={spokenOf(job, generate)} />
        </li>
      )}
    </ol>
  );
}

/** What another platform has to say; it never stops a post. */
function Advice({ image, platform }: { image: Image; platform: Platform }) {
  const { data } = useVerdict(image, platform);
  return data && data.warnings.length > 0 ? <Notice tone="info">{data.warnings.join(" ")}</Notice> : null;
}
