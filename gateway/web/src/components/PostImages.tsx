import { useEffect, useRef, useState } from "react";
import type { Fit } from "../hooks/useFits";
import type { Post } from "../hooks/usePost";
import { useMessages } from "../provider";
import type { Image } from "../types";
import { IconButton } from "../ui/Button";
import { layout } from "../ui/layout";
import { Notice } from "../ui/Notice";
import { Progress } from "../ui/Progress";
import { Thumb } from "../ui/Thumb";
import { AltText } from "./AltText";
import { InstagramFix } from "./InstagramFix";
import { spokenOf } from "./JobStage";
import { PlatformFix } from "./PlatformFix";
import styles from "./publish.module.css";

const MOVES = [
  { by: -1, icon: "up", label: "moveEarlier" },
  { by: 1, icon: "down", label: "moveLater" },
] as const;

interface PostImagesProps {
  businessId: number;
  post: Post;
  announce: (text: string) => void;
}

/** The images of a post in their order, each with what the platform says of it. */
export function PostImages({ businessId, post, announce }: PostImagesProps) {
  const { publish: words, generate } = useMessages();
  const { images, fits, job } = post;
  const list = useRef<HTMLOListElement>(null);
  const wanted = useRef<string | null>(null);
  useEffect(() => {
    // An element that moves in the page, or is replaced, loses the focus.
    if (wanted.current) list.current?.querySelector<HTMLElement>(wanted.current)?.focus();
    wanted.current = null;
  }, [images]);

  const move = (index: number, by: -1 | 1): void => {
    const image = images[index];
    if (!image) return;
    wanted.current = `[data-id="${image.id}"] [data-move="${by}"]`;
    announce(words.moved(image.filename, index + by + 1, images.length));
    post.move(index, by);
  };
  const remove = (index: number): void => {
    const [image, neighbour] = [images[index], images[index + 1] ?? images[index - 1]];
    if (!image) return;
    if (neighbour) wanted.current = `[data-id="${neighbour.id}"] [data-remove]`;
    else list.current?.closest("[data-image-field]")?.querySelector<HTMLElement>("[data-add]")?.focus();
    announce(words.removed(image.filename));
    post.remove(image.id);
  };
  const mend = (image: Image, copy: Image): void => {
    wanted.current = `[data-id="${copy.id}"] [data-remove]`;
    announce(words.mended);
    post.replace(image.id, copy);
  };

  return (
    <ol className={layout("column", styles["images"])} ref={list}>
      {images.map((image, index) => (
        <li
          key={image.id}
          className={layout("column", styles["image"])}
          data-id={image.id}
          data-misfit={fits[index]?.valid === false || undefined}
        >
          <div className={layout("row", styles["line"])}>
            <Thumb image={image} className={styles["thumb"] ?? ""} />
            <span className={layout("cut", styles["name"])} title={image.filename}>
              {image.filename}
            </span>
            {images.length > 1 &&
              MOVES.map(({ by, icon, label }) => (
                <IconButton
                  key={by}
                  small
                  icon={icon}
                  label={words[label](image.filename)}
                  off={images[index + by] === undefined}
                  data-move={by}
                  onClick={() => move(index, by)}
                />
              ))}
            <IconButton small icon="close" label={words.removeImage(image.filename)} data-remove="" onClick={() => remove(index)} />
          </div>
          {fits[index] && <Word businessId={businessId} fit={fits[index]} onFixed={(copy) => mend(image, copy)} />}
          <Description businessId={businessId} image={image} onSaved={(saved) => post.replace(image.id, saved)} />
        </li>
      ))}
      {job && (
        <li className={layout("column", styles["image"])}>
          <div className={layout("row", styles["line"])}>
            <span className={styles["plate"]} />
            <span className={layout("cut", styles["name"])}>{job.prompt}</span>
          </div>
          <Progress label={job.prompt} percent={null} text={spokenOf(job, generate)} />
        </li>
      )}
    </ol>
  );
}

/** The platform's word on one image. */
function Word({ businessId, fit, onFixed }: { businessId: number; fit: Fit; onFixed: (copy: Image) => void }) {
  if (fit.valid === false) {
    return (
      <div data-fix="">
        <PlatformFix businessId={businessId} fit={fit} onFixed={onFixed} />
      </div>
    );
  }
  if (fit.platform === "instagram") return <InstagramFix businessId={businessId} image={fit.image} />;
  return fit.warnings.length > 0 ? <Notice tone="info">{fit.warnings.join(" ")}</Notice> : null;
}

/** Asks for the alt text of an image that came without one, and stays for whoever wants to change it. */
function Description({ businessId, image, onSaved }: { businessId: number; image: Image; onSaved: (image: Image) => void }) {
  const [missing] = useState(image.altText === null);
  return missing ? <AltText compact businessId={businessId} image={image} onSaved={onSaved} /> : null;
}
