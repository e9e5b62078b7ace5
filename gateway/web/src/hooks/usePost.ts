import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Api } from "../api";
import { useDarkroom } from "../provider";
import type { Image, Job, Platform, Publication, PublishedImage } from "../types";
import { useJob } from "./useJobs";

export const MOST_IMAGES = 10;

export interface Start {
  businessId: number;
  platform: Platform;
  text: string;
  images: Image[];
  onPublish: (publication: Publication) => void | Promise<void>;
  onDone: () => void;
  /** An image of the post is no longer there. */
  onGone: () => void;
}

/** A post in the making: what it says, what it shows, and whether it can go out. */
export function usePost({ businessId, onPublish, onDone, onGone, ...start }: Start) {
  const { api } = useDarkroom();
  const [platform, setPlatform] = useState(start.platform);
  const [text, setText] = useState(start.text);
  const [images, setImages] = useState(start.images);
  const [awaited, setAwaited] = useState<Job | null>(null);
  const [armed, setArmed] = useState(false);
  const [decorative, setDecorative] = useState<string[]>([]);
  const { data } = useJob(businessId, awaited?.jobId ?? null);
  const job = awaited ? (data?.job ?? awaited) : null;

  const add = (image: Image): void =>
    setImages((now) => (now.some(({ id }) => id === image.id) ? now : [...now, image].slice(-MOST_IMAGES)));
  const remove = (id: string): void => setImages((now) => now.filter((image) => image.id !== id));
  const replace = (id: string, by: Image): void => setImages((now) => now.map((image) => (image.id === id ? by : image)));
  const move = (index: number, by: -1 | 1): void =>
    setImages((now) => {
      const moved = [...now];
      const [image] = moved.splice(index, 1);
      if (image) moved.splice(index + by, 0, image);
      return moved;
    });

  const decorate = (id: string, is: boolean): void => setDecorative((now) => (is ? [...now, id] : now.filter((other) => other !== id)));

  const publish = useMutation(
    {
      mutationFn: async (shown: Image[]) => {
        // Somebody may have deleted one since it was chosen: what is published is what is there now.
        const current = await Promise.all(shown.map(({ id }) => api.image(id)));
        const gone = current.filter(({ deletedAt }) => deletedAt !== null);
        if (gone.length > 0) {
          setImages(current.filter(({ deletedAt }) => deletedAt === null));
          return onGone();
        }
        const ready = await Promise.all(current.map((image) => published(api, platform, image, decorative.includes(image.id))));
        await onPublish({ platform, text: text.trim(), images: ready });
        onDone();
      },
    },
    useDarkroom().client,
  );

  const problem = blocked();
  function blocked(): "image" | "misfit" | "empty" | null {
    if (job) return null;
    if (platform === "instagram" && images.length === 0) return "image";
    if (platform === "instagram" && images.some((image) => !image.instagram.valid)) return "misfit";
    return images.length === 0 && !text.trim() ? "empty" : null;
  }

  const ready = job?.image ?? null;
  const over = job !== null && (job.status === "failed" || job.status === "canceled");
  const send = useRef(publish.mutate);
  useEffect(() => {
    send.current = publish.mutate;
  });
  useEffect(() => {
    if (!ready && !over) return;
    setAwaited(null);
    setArmed(false);
    if (!ready) return;
    const all = [...images, ready];
    setImages(all);
    if (armed && (platform !== "instagram" || all.every((image) => image.instagram.valid))) send.current(all);
  }, [ready, over]); // eslint-disable-line -- once, when the awaited picture ends

  const submit = (): void => (job ? setArmed(true) : publish.mutate(images));
  return {
    platform,
    setPlatform,
    text,
    setText,
    images,
    add,
    remove,
    replace,
    move,
    decorative,
    decorate,
    job,
    await: setAwaited,
    armed,
    disarm: () => setArmed(false),
    problem,
    submit,
    publish,
  };
}

/** An image as the platform's API takes it: its own file, or the copy that the server offers for one of the right shape. */
async function published(api: Api, platform: Platform, image: Image, decorative: boolean): Promise<PublishedImage> {
  const verdict = await api.validate(image.id, platform);
  const copy = verdict && verdict.valid && !verdict.publishableAsIs ? verdict.fix?.crop.url : null;
  return {
    id: image.id,
    url: copy ?? image.url,
    altText: decorative ? "" : image.altText,
    aiGenerated: image.source === "ai_generated",
  };
}
