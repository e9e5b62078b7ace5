import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { asFailure, type Failure } from "../failure";
import { newKey } from "../keys";
import { useDarkroom } from "../provider";
import type { Image, Job, Platform, Publication, PublishedImage } from "../types";
import { useAttachments } from "./useAttachments";
import { useFits, verdictOf } from "./useFits";
import { useJob } from "./useJobs";
import { useLatest } from "./useLatest";

export const MOST_IMAGES = 10;

export interface PostOptions {
  businessId: number;
  /** The host's own name of the post, where it has one already. Default: a new one. */
  postId?: string | undefined;
  platform: Platform;
  text?: string;
  images?: Image[];
  /** The host's own publishing. Rejected: nothing was published, and the post stays as it is. */
  onPublish: (publication: Publication) => void | Promise<void>;
  /** It was published. */
  onDone?: () => void;
  /** These were deleted meanwhile and have left the post; nothing was published. */
  onGone?: (images: Image[]) => void;
}

/** Why a post cannot go out: no image where one is needed, an image that the platform does not take, nothing in it. */
export type PostProblem = "image" | "misfit" | "empty";

/** A post in the making: what it says, what it shows, and whether it can go out. Its images are attached to it, on the server,
    when it is published; what was attached for nothing is let go of when this unmounts. */
export function usePost({ businessId, onPublish, onDone, onGone, ...start }: PostOptions) {
  const { api, client } = useDarkroom();
  const [postId] = useState(() => start.postId ?? newKey());
  const [platform, setPlatform] = useState(start.platform);
  const [text, setText] = useState(start.text ?? "");
  const [images, setImages] = useState(start.images ?? []);
  const [awaited, setAwaited] = useState<Job | null>(null);
  const [lostJob, setLostJob] = useState<Job | null>(null);
  const [armed, setArmed] = useState(false);
  const [earlier] = useState(() => (start.postId === undefined ? [] : images.map(({ id }) => id)));
  const attachments = useAttachments(businessId, postId, earlier);
  const fits = useFits(images, [platform]);
  const { data } = useJob(businessId, awaited?.jobId ?? null);
  const job = awaited ? (data?.job ?? awaited) : null;

  const add = (image: Image): void =>
    setImages((now) => (now.length >= MOST_IMAGES || now.some(({ id }) => id === image.id) ? now : [...now, image]));
  const remove = (id: string): void => setImages((now) => now.filter((image) => image.id !== id));
  const replace = (id: string, by: Image): void =>
    setImages((now) => now.filter((image) => image.id === id || image.id !== by.id).map((image) => (image.id === id ? by : image)));
  const move = (index: number, by: -1 | 1): void =>
    setImages((now) => {
      const moved = [...now];
      const [image] = moved.splice(index, 1);
      if (image) moved.splice(index + by, 0, image);
      return moved;
    });

  const attachAll = async (shown: Image[]): Promise<Image[] | null> => {
    const found = await Promise.allSettled(shown.map((image) => attachments.attach(image, platform)));
    const refusals = found.map((one) => (one.status === "rejected" ? asFailure(one.reason) : null));
    const gone = shown.filter((_image, index) => isGone(refusals[index]));
    if (gone.length > 0) {
      setImages((now) => now.filter(({ id }) => !gone.some((image) => image.id === id)));
      onGone?.(gone);
      return null;
    }
    // The server knows better than what was shown: ask what it has against the image, so that the way out stands beside it.
    await Promise.allSettled(
      shown
        .filter((_image, index) => refusals[index]?.code === "not_publishable")
        .map(({ id }) => client.fetchQuery({ ...verdictOf(api, id, platform), staleTime: 0 })),
    );
    const refused = refusals.find((failure) => failure !== null);
    if (refused) throw refused;
    return found.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  };

  const handOver = async (publication: Publication): Promise<void> => {
    try {
      await onPublish(publication);
    } catch (thrown) {
      throw thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  };

  const mounted = useRef(true);
  const busy = useRef(false);
  const publish = useMutation(
    {
      networkMode: "always", // Without a connection it fails at once, and says so.
      mutationFn: async (shown: Image[]) => {
        busy.current = true;
        let out = false;
        try {
          const attached = await attachAll(shown);
          if (!attached) return;
          const ready = await Promise.all(
            attached.map(async (image): Promise<PublishedImage> => {
              // Its own file, or the copy that the server offers for one of the right shape.
              const verdict = await client.fetchQuery(verdictOf(api, image.id, platform));
              const copy = verdict?.valid && !verdict.publishableAsIs ? verdict.fix?.crop.url : null;
              return { id: image.id, url: copy ?? image.url, altText: image.altText, aiGenerated: image.source === "ai_generated" };
            }),
          );
          await handOver({ postId, platform, text: text.trim(), images: ready });
          attachments.settle(shown.map(({ id }) => id));
          out = true;
          onDone?.();
        } finally {
          busy.current = false;
          if (!out && !mounted.current) attachments.keep([]);
        }
      },
    },
    client,
  );

  const { reset } = publish;
  useEffect(() => {
    if (!busy.current) reset(); // What was refused is not what would be published now.
  }, [images, platform, reset]);
  useEffect(() => {
    if (!busy.current) attachments.keep(images.map(({ id }) => id));
  }, [images, attachments, publish.isPending]);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
      // While it is being published nobody knows yet: its end sees to it. After that everything that is left is shown.
      if (!busy.current) attachments.keep([]);
    };
  }, [attachments]);

  const problem = blocked();
  function blocked(): PostProblem | null {
    if (job) return null;
    if (platform === "instagram" && images.length === 0) return "image";
    if (fits.some(({ valid }) => valid === false)) return "misfit";
    return images.length === 0 && !text.trim() ? "empty" : null;
  }

  const ready = job?.image ?? null;
  const over = job !== null && (job.status === "failed" || job.status === "canceled");
  const end = (picture: Image | null): void => {
    setAwaited(null);
    setArmed(false);
    if (!picture) {
      setLostJob(job);
      return;
    }
    const all = [...images.filter(({ id }) => id !== picture.id), picture];
    setImages(all);
    if (armed && (platform !== "instagram" || all.every((image) => image.instagram.valid))) publish.mutate(all);
  };
  // Once, when the awaited picture ends, with what is true then.
  const latest = useLatest(end);
  useEffect(() => {
    if (ready || over) latest.current(ready);
  }, [ready, over, latest]);

  const awaitJob = (wanted: Job): void => {
    setLostJob(null);
    setAwaited(wanted);
  };
  const submit = (): void => {
    if (job) setArmed(true);
    else if (!busy.current) publish.mutate(images);
  };
  return {
    postId,
    platform,
    /** Never drops an image; each is judged anew. */
    setPlatform,
    text,
    setText,
    /** In their order. */
    images,
    /** What the platform says of each, in the same order. */
    fits,
    add,
    remove,
    /** Puts another one in its place, such as a copy that fits. */
    replace,
    move,
    /** The picture in the making that the post waits for. */
    job,
    awaitJob,
    /** The awaited picture that was not made. */
    lostJob,
    /** It is published as soon as the awaited picture is ready. */
    armed,
    disarm: () => setArmed(false),
    problem,
    /** Attaches every image and publishes; waits for the awaited picture first. Does nothing while it is under way. */
    submit,
    publishing: publish.isPending,
    /** From Darkroom, as a `Failure`, or whatever the host's publishing was rejected with. */
    error: publish.error,
  };
}

export type Post = ReturnType<typeof usePost>;

const isGone = (failure: Failure | null | undefined): boolean => failure?.code === "image_deleted" || failure?.code === "not_found";
