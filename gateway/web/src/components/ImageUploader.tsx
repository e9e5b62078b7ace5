import { useEffect, useRef, useState } from "react";
import { useDropzone } from "react-dropzone";
import { useLatest } from "../hooks/useLatest";
import { isRunning } from "../hooks/uploads";
import { useUploads } from "../hooks/useUploads";
import { useMessages } from "../provider";
import type { Image } from "../types";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { layout } from "../ui/layout";
import { useLive } from "../ui/Live";
import { Surface } from "../ui/Surface";
import { UploadRow } from "./UploadRow";
import styles from "./uploader.module.css";

export interface ImageUploaderProps {
  businessId: number;
  /** Each stored picture, also one that was in the library already. */
  onUploaded?: (image: Image) => void;
  /** Every file of the list has ended, and these are the pictures. */
  onFinished?: (images: Image[]) => void;
  /** Whether uploads run: leaving now would stop them. */
  onRunning?: (running: boolean) => void;
  /** Shows beside a finished file that it can be used; without it there is no such button. */
  onUse?: (image: Image) => void;
}

const ACCEPT = { "image/jpeg": [".jpg", ".jpeg"], "image/png": [".png"], "image/webp": [".webp"], "image/heic": [".heic", ".heif"] };

export function ImageUploader({ businessId, onUploaded, onFinished, onRunning, onUse }: ImageUploaderProps) {
  const { upload: words } = useMessages();
  const [live, announce] = useLive();
  const { uploads, running, add, cancel, retry, remove, replace } = useUploads(businessId, onUploaded);
  const [dragged, setDragged] = useState(0);
  const list = useRef<HTMLUListElement>(null);

  // What the hook rejects by type is added too: the file is named with its reason instead of disappearing.
  const { rootRef, getRootProps, getInputProps, open, isDragActive, dragFileRejections } = useDropzone({
    accept: ACCEPT,
    noClick: true,
    noKeyboard: true,
    useFsAccessApi: false,
    onDragEnter: ({ dataTransfer }) => setDragged(dataTransfer.items.length),
    onDrop: (accepted, rejected) => add([...accepted, ...rejected.map(({ file }) => file)]),
  });
  const foreign = dragged > 0 && dragFileRejections.length === dragged;

  useSettled({
    uploads,
    running,
    onRunning,
    onFinished: (images) => {
      if (images.length) announce(words.finished(images.length));
      onFinished?.(images);
      if (!onFinished) list.current?.querySelector<HTMLElement>("[data-done]")?.focus();
    },
  });

  const wanted = useRef<string | null>(null);
  useEffect(() => {
    // What was pressed is gone with its row, or from it.
    if (wanted.current) rootRef.current?.querySelector<HTMLElement>(wanted.current)?.focus();
    wanted.current = null;
  }, [uploads, rootRef]);
  const drop = (ids: string[]): void => {
    const at = uploads.findIndex(({ id }) => ids.includes(id));
    const left = uploads.filter(({ id }) => !ids.includes(id));
    const neighbour = left[Math.min(at, left.length - 1)];
    wanted.current = neighbour ? `[data-id="${neighbour.id}"] [data-close]` : "[data-choose]";
    remove(ids);
  };
  const again = (id: string): void => {
    wanted.current = `[data-id="${id}"] [data-close]`;
    retry(id);
  };

  const ended = uploads.filter((upload) => !isRunning(upload));
  return (
    <Surface
      {...getRootProps({ role: "region", tabIndex: -1, className: layout("column", styles["uploader"]), "aria-label": words.label })}
    >
      <input {...getInputProps({ style: { display: "none" } })} />
      <div
        className={layout(
          "centred",
          styles["zone"],
          uploads.length > 0 && styles["small"],
          isDragActive && styles[foreign ? "refused" : "over"],
        )}
      >
        <span className={styles["art"]}>
          <Icon name="upload" size={20} />
        </span>
        <p className={styles["lead"]}>{isDragActive ? (foreign ? words.dropRefused : words.dropNow(dragged)) : words.drop}</p>
        <p className={layout("fine", styles["or"])}>{words.or}</p>
        <Button kind="primary" className={styles["choose"] ?? ""} data-choose="" onClick={open}>
          {words.choose}
        </Button>
        <p className={layout("fine")}>{words.rules}</p>
      </div>
      {uploads.length > 0 && (
        <>
          <div className={layout("row apart", styles["head"])}>
            <p className={layout("title")}>{words.list}</p>
            {ended.length > 0 && (
              <Button kind="quiet" small onClick={() => drop(ended.map(({ id }) => id))}>
                {words.clear}
              </Button>
            )}
          </div>
          <ul className={layout("column", styles["list"])} ref={list}>
            {uploads.map((upload) => (
              <UploadRow
                key={upload.id}
                businessId={businessId}
                upload={upload}
                onCancel={cancel}
                onRetry={again}
                onRemove={(id) => drop([id])}
                onReplace={replace}
                onUse={onUse}
                announce={announce}
              />
            ))}
          </ul>
        </>
      )}
      {live}
    </Surface>
  );
}

interface Settled {
  uploads: ReturnType<typeof useUploads>["uploads"];
  running: boolean;
  onRunning: ((running: boolean) => void) | undefined;
  onFinished: (images: Image[]) => void;
}

/** Tells when the list begins to run and when the last of it has ended. */
function useSettled(now: Settled): void {
  const latest = useLatest(now);
  const ran = useRef(false);
  const { running } = now;
  useEffect(() => {
    const { uploads, onRunning, onFinished } = latest.current;
    onRunning?.(running);
    if (ran.current && !running) onFinished(uploads.flatMap(({ state }) => (state.phase === "done" ? [state.image] : [])));
    ran.current = running;
  }, [running, latest]);
}
