import { useCallback, useMemo, useRef } from "react";
import { asFailure } from "../failure";
import { keys } from "../keys";
import { useDarkroom } from "../provider";
import type { Image, Platform } from "../types";

/** The server's record of which images a post shows. `before` are those that it showed already when this began: they stay
    attached until the post is published without them.

    Letting go is tried once. Where that is lost, with the connection or with the page, an image stays attached to a post that
    does not show it: it cannot be destroyed, and deleting it asks first. That is the safe side; nothing is ever lost by it. */
export function useAttachments(businessId: number, postId: string, before: string[]) {
  const { api, client } = useDarkroom();
  const held = useRef(new Set<string>());
  const past = useRef(before);
  const leaving = useRef<Promise<unknown>>(Promise.resolve());

  const note = useCallback(
    (image: Image): Image => {
      client.setQueryData(keys.image(image.id), image);
      void client.invalidateQueries({ queryKey: keys.posts(image.id) });
      void client.invalidateQueries({ queryKey: keys.library(businessId) });
      return image;
    },
    [client, businessId],
  );

  /** Pins the image: from now on it cannot be destroyed. Refused for one that was deleted, or that the platform does not take. */
  const attach = useCallback(
    async (image: Image, platform: Platform) => {
      await leaving.current; // An image that left and came back must end attached.
      held.current.add(image.id);
      try {
        return note(await api.attach(image.id, postId, platform));
      } catch (thrown) {
        if (!asFailure(thrown).ambiguous) held.current.delete(image.id);
        throw thrown;
      }
    },
    [api, note, postId],
  );

  const release = useCallback(
    (ids: string[]) => {
      if (ids.length === 0) return;
      for (const id of ids) held.current.delete(id);
      leaving.current = Promise.allSettled([leaving.current, ...ids.map((id) => api.detach(id, postId).then(note))]);
    },
    [api, note, postId],
  );

  /** Lets go of what was attached here and is not among these. */
  const keep = useCallback(
    (ids: string[]) => release([...held.current].filter((id) => !ids.includes(id) && !past.current.includes(id))),
    [release],
  );

  /** The post is out with these: lets go of everything else that it showed, also before. */
  const settle = useCallback(
    (ids: string[]) => {
      release([...new Set([...held.current, ...past.current])].filter((id) => !ids.includes(id)));
      past.current = ids;
    },
    [release],
  );

  return useMemo(() => ({ attach, keep, settle }), [attach, keep, settle]);
}
