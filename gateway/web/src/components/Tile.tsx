import type { KeyboardEvent, MouseEvent } from "react";
import { useDarkroom } from "../provider";
import type { Image, Platform } from "../types";
import { Icon } from "../ui/Icon";
import { layout } from "../ui/layout";
import { Hidden } from "../ui/Surface";
import { Skeleton, Thumb } from "../ui/Thumb";
import library from "./library.module.css";
import styles from "./tile.module.css";

interface TileProps {
  image: Image;
  selected: boolean;
  /** The one that the Tab key reaches. */
  current: boolean;
  platform: Platform | undefined;
  /** Shows a place to choose it by pointer; Space does the same. */
  checkable: boolean;
  onPress: (event: MouseEvent, onCheck: boolean) => void;
  onDouble: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

export function Tile({ image, selected, current, platform, checkable, onPress, onDouble, onKeyDown }: TileProps) {
  const { messages, format } = useDarkroom();
  const { library: words, instagram, common, details } = messages;
  const misfit = !image.instagram.valid;
  const size = words.pixels(image.width, image.height);
  const when = image.purgeAfter ? words.purge(format.date(image.purgeAfter)) : format.ago(image.createdAt);
  const made = image.source === "ai_generated";
  const used = image.usedIn > 0 && words.usedIn(image.usedIn);
  const unseen = [made ? details.generated : details.uploaded, misfit ? instagram.misfit : instagram.fits, used, image.altText];
  return (
    <div
      role="option"
      aria-selected={selected}
      tabIndex={current ? 0 : -1}
      className={styles["tile"]}
      data-id={image.id}
      data-misfit={(platform === "instagram" && misfit) || undefined}
      onClick={(event) => onPress(event, event.target instanceof Element && event.target.closest("[data-check]") !== null)}
      onDoubleClick={onDouble}
      onKeyDown={onKeyDown}
    >
      <div className={styles["frame"]}>
        <Thumb image={image} className={styles["image"] ?? ""} />
        <span className={styles["badges"]} aria-hidden="true">
          {made && <span className={styles["badge"]}>{common.ai}</span>}
          {misfit && (
            <span className={styles["badge"]} data-tone="warn" title={instagram.misfit}>
              <Icon name="instagram" size={12} />
              <Icon name="warning" size={12} />
            </span>
          )}
          {used && (
            <span className={styles["badge"]} title={used}>
              <Icon name="clip" size={12} />
              {format.number(image.usedIn)}
            </span>
          )}
        </span>
        {(checkable || selected) && (
          <span className={styles["check"]} data-check="">
            {selected && <Icon name="check" size={14} />}
          </span>
        )}
      </div>
      <span className={layout("cut", styles["name"])}>{image.filename}</span>
      <span className={layout("small cut")}>
        {size} · {when}
      </span>
      <Hidden>{unseen.filter(Boolean).join(", ")}</Hidden>
    </div>
  );
}

const SKELETONS = ["a", "b", "c", "d", "e", "f", "g", "h"];

/** The shape of a page that is on its way. */
export function TileSkeletons() {
  return (
    <div className={library["grid"]} aria-hidden="true">
      {SKELETONS.map((name) => (
        <div key={name} className={styles["tile"]}>
          <Skeleton className={styles["frame"] ?? ""} />
          <Skeleton style={{ width: "70%", height: 13, marginTop: 3 }} />
          <Skeleton style={{ width: "45%", height: 11, marginTop: 5 }} />
        </div>
      ))}
    </div>
  );
}
