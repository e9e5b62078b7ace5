import { useCallback, useEffect, useReducer, useRef } from "react";
import { asFailure, isAbort } from "../failure";
import { newKey } from "../keys";
import { useDarkroom } from "../provider";
import type { Image } from "../types";
import { measure, refusal } from "./inspect";
import { useLatest } from "./useLatest";
import { isRunning, next, reduce, type Upload } from "./uploads";
import { useRefreshLibrary } from "./useLibrary";

/** Sends files, a few at a time, for as long as it is mounted. */
export function useUploads(businessId: number, onUploaded?: (image: Image) => void) {
  const { api, messages, format } = useDarkroom();
  const [uploads, dispatch] = useReducer(reduce, []);
  const refresh = useRefreshLibrary(businessId);
  const stops = useRef(new Map<string, AbortController>());
  const latest = useLatest({ uploads, onUploaded });

  const send = useCallback(
    async ({ id, file, key }: Upload) => {
      const stop = new AbortController();
      stops.current.set(id, stop);
      dispatch({ type: "began", id, at: Date.now() });
      try {
        const onProgress = (sent: number, total: number): void => dispatch({ type: "moved", id, sent, total, at: Date.now() });
        const { image, duplicate } = await api.upload({ businessId, file, key, altText: null, signal: stop.signal, onProgress });
        dispatch({ type: "finished", id, image, duplicate });
        refresh([image]);
        latest.current.onUploaded?.(image);
      } catch (thrown) {
        if (!isAbort(thrown)) dispatch({ type: "broke", id, failure: asFailure(thrown), offline: !navigator.onLine });
      } finally {
        stops.current.delete(id);
      }
    },
    [api, businessId, refresh, latest],
  );

  useEffect(() => {
    for (const upload of next(uploads)) if (!stops.current.has(upload.id)) void send(upload);
  }, [uploads, send]);

  const running = uploads.some(isRunning);
  useEffect(() => {
    if (!running) return;
    const look = setInterval(() => document.hidden || dispatch({ type: "looked", at: Date.now() }), 1000);
    const online = (): void => dispatch({ type: "online" });
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener("online", online);
    window.addEventListener("beforeunload", ask);
    return () => {
      clearInterval(look);
      window.removeEventListener("online", online);
      window.removeEventListener("beforeunload", ask);
    };
  }, [running]);

  useEffect(() => {
    const all = stops.current;
    return () => {
      for (const stop of all.values()) stop.abort();
      for (const { preview } of latest.current.uploads) URL.revokeObjectURL(preview);
    };
  }, [latest]);

  const add = useCallback(
    (files: File[]) => {
      const known = new Set(latest.current.uploads.map(({ file }) => fingerprint(file)));
      const added = files.map((file) => entry(file, known.has(fingerprint(file)) ? messages.upload.twice : null));
      dispatch({ type: "added", uploads: added });
      for (const { id, file, state } of added) {
        if (state.phase === "checking")
          void refusal(file, messages, format, measure).then((found) => dispatch({ type: "inspected", id, ...found }));
      }
    },
    [messages, format, latest],
  );

  const cancel = useCallback((id: string) => {
    stops.current.get(id)?.abort();
    dispatch({ type: "canceled", id });
  }, []);

  const remove = useCallback(
    (ids: string[]) => {
      for (const { id, preview } of latest.current.uploads) if (ids.includes(id)) URL.revokeObjectURL(preview);
      dispatch({ type: "removed", ids });
    },
    [latest],
  );

  const retry = useCallback((id: string) => dispatch({ type: "again", id }), []);
  const replace = useCallback((image: Image) => dispatch({ type: "replaced", image }), []);
  return {
    uploads,
    running,
    add,
    cancel,
    retry,
    remove,
    /** The stored image changed, for example its alt text. */
    replace,
  };
}

export type Uploads = ReturnType<typeof useUploads>;

const fingerprint = (file: File): string => `${file.name}|${file.size}|${file.lastModified}`;

function entry(file: File, reason: string | null): Upload {
  return {
    id: newKey(),
    key: newKey(),
    file,
    preview: URL.createObjectURL(file),
    pixels: null,
    state: reason === null ? { phase: "checking" } : { phase: "refused", reason },
  };
}
