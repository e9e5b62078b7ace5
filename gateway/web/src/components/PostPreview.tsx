import { useMessages } from "../provider";
import type { Image, Job, Platform } from "../types";
import { layout } from "../ui/layout";
import { Thumb } from "../ui/Thumb";
import styles from "./publish.module.css";

/** Roughly how the post will look; not any platform's own drawing. */
export function PostPreview({ platform, text, images, job }: { platform: Platform; text: string; images: Image[]; job: Job | null }) {
  const { publish: words } = useMessages();
  const [first] = images;
  return (
    <aside className={layout("column")} aria-label={words.preview}>
      <p className={layout("label")}>{words.preview}</p>
      <div className={styles["post"]}>
        <div className={layout("row", styles["who"])}>
          <span className={styles["avatar"]} aria-hidden="true" />
          <span>
            <strong>{words.you}</strong>
            <br />
            <small>{words.platforms[platform]}</small>
          </span>
        </div>
        {platform !== "instagram" && text && <p className={styles["text"]}>{text}</p>}
        {first ? (
          <div className={styles["media"]} style={{ aspectRatio: `${first.width} / ${first.height}` }}>
            <Thumb image={first} fit="contain" alt={first.altText ?? ""} className={styles["picture"] ?? ""} />
            {images.length > 1 && <span className={styles["many"]}>1 / {images.length}</span>}
          </div>
        ) : (
          job && <div className={styles["media"]} data-pending="" />
        )}
        {platform === "instagram" && text && <p className={styles["text"]}>{text}</p>}
        {!text && !first && !job && <p className={styles["nothing"]}>{words.previewEmpty}</p>}
      </div>
    </aside>
  );
}
