import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentProps } from "react";
import { keys } from "../keys";
import { useDarkroom } from "../provider";
import type { Image } from "../types";
import { clsx } from "./clsx";
import { Icon } from "./Icon";
import styles from "./thumb.module.css";

interface ThumbProps {
  image: Image;
  className?: string;
  /** `contain` shows all of it, larger. */
  fit?: "cover" | "contain";
  /** Said of it; empty where words beside it say the same. */
  alt?: string;
}

const dense = (): boolean => typeof window !== "undefined" && window.devicePixelRatio > 1.2;

/** A picture in a box, sharp on dense screens, and a sign in its place where it cannot be shown. */
export function Thumb({ image, className, fit = "cover", alt = "" }: ThumbProps) {
  const { api, client } = useDarkroom();
  const [broken, setBroken] = useState("");
  const side = fit === "contain" ? 1080 : 640;
  const { data: sharp } = useQuery(
    {
      queryKey: keys.sharp(image.id, side, fit),
      queryFn: ({ signal }) => api.thumbnail(image.id, side, side, fit, signal),
      staleTime: Infinity,
      enabled: fit === "contain" || dense(),
    },
    client,
  );
  const source = fit === "contain" && sharp ? sharp.url : image.thumbnailUrl;
  return (
    <div className={clsx(styles["thumb"], fit === "contain" && styles["whole"], className)}>
      {broken === source ? (
        <Icon name="image" size={24} />
      ) : (
        <img
          src={source}
          srcSet={fit === "cover" && sharp ? `${image.thumbnailUrl} 1x, ${sharp.url} 2x` : undefined}
          width={fit === "contain" ? image.width : 320}
          height={fit === "contain" ? image.height : 320}
          alt={alt}
          loading={fit === "contain" ? "eager" : "lazy"}
          decoding="async"
          onError={() => setBroken(source)}
        />
      )}
    </div>
  );
}

/** A grey shape of what will come. Its size is the caller's. */
export function Skeleton({ className, ...more }: ComponentProps<"div">) {
  return <div {...more} aria-hidden="true" className={clsx(styles["skeleton"], className)} />;
}
