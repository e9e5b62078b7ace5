import { useQueries } from "@tanstack/react-query";
import type { Api } from "../api";
import { keys } from "../keys";
import { useDarkroom } from "../provider";
import type { Image, Platform, Verdict } from "../types";

/** What a platform says of an image. */
export interface Fit {
  image: Image;
  platform: Platform;
  /** Null while it is asked. True too where nobody could be asked: the server decides again when the image is attached. */
  valid: boolean | null;
  /** False: it is published as a converted copy in the same shape. */
  publishableAsIs: boolean;
  warnings: string[];
  /** A copy in another shape would pass. */
  fixable: boolean;
}

/** Asked once for each image and platform: the bytes of an image never change, and neither does the verdict. */
export const verdictOf = (api: Api, imageId: string, platform: Platform) => ({
  queryKey: keys.verdict(imageId, platform),
  queryFn: ({ signal }: { signal: AbortSignal }) => api.validate(imageId, platform, signal),
  staleTime: Infinity,
});

/** Every image judged by every platform. Instagram's word comes with the image, so that it is known at once. */
export function useFits(images: Image[], platforms: Platform[]): Fit[] {
  const { api, client } = useDarkroom();
  const pairs = images.flatMap((image) => platforms.map((platform) => ({ image, platform })));
  const found = useQueries(
    { queries: pairs.map(({ image, platform }) => ({ ...verdictOf(api, image.id, platform), enabled: platform !== "instagram" })) },
    client,
  );
  return pairs.map(({ image, platform }, index) => {
    const { data, isError } = found[index] ?? {};
    if (data) {
      const { valid, publishableAsIs, warnings } = data;
      return { image, platform, valid, publishableAsIs, warnings, fixable: platform === "instagram" || mendable(data) };
    }
    return platform === "instagram"
      ? instagramFit(image)
      : { image, platform, valid: isError ? true : null, publishableAsIs: true, warnings: [], fixable: false };
  });
}

export const instagramFit = (image: Image): Fit => ({ image, platform: "instagram", ...image.instagram, fixable: true });

/** The shapes that copies are made in are within every platform's limits; for Instagram a small picture is enlarged as well. */
const mendable = ({ checks }: Verdict): boolean => checks.some(({ code, ok, severity }) => code === "ratio" && !ok && severity === "error");
