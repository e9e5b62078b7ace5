import { useQuery } from "@tanstack/react-query";
import { useImage } from "../hooks/useLibrary";
import { keys } from "../keys";
import { useDarkroom, useMessages } from "../provider";
import type { Image } from "../types";
import { Button } from "../ui/Button";
import { Thumb } from "../ui/Thumb";
import styles from "./details.module.css";

/** What it was made from and what was made of it, each to be opened. Nothing where it stands alone. */
export function Versions({ image, onShow }: { image: Image; onShow: (image: Image) => void }) {
  const { api, client, messages } = useDarkroom();
  const { details: words } = messages;
  const original = useImage(image.parentId);
  const copies = useQuery({ queryKey: keys.copies(image.id), queryFn: ({ signal }) => api.copies(image.id, signal) }, client);
  const versions = [
    ...(original.data ? [{ version: original.data, name: words.original(original.data.filename) }] : []),
    ...(copies.data?.items ?? []).map((version) => ({ version, name: words.copy(version.filename) })),
  ];
  const failed = [original, copies].filter(({ isError }) => isError);
  if (versions.length === 0 && failed.length === 0) return null;
  return (
    <section className={styles["part"]}>
      <h3>{words.versions}</h3>
      {versions.length > 0 && (
        <ul className={styles["versions"]}>
          {versions.map(({ version, name }) => (
            <li key={version.id}>
              <button type="button" className={styles["version"]} aria-label={name} title={name} onClick={() => onShow(version)}>
                <Thumb image={version} className={styles["thumb"] ?? ""} />
                <span>{version.deletedAt ? words.inTrash : messages.library.pixels(version.width, version.height)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {failed.length > 0 && <Again text={words.versionsFailed} onAgain={() => failed.forEach(({ refetch }) => void refetch())} />}
    </section>
  );
}

/** A part of the panel that could not be loaded; the rest of it is of use all the same. */
export function Again({ text, onAgain }: { text: string; onAgain: () => void }) {
  const { common } = useMessages();
  return (
    <p className={styles["again"]} role="alert">
      <span>{text}</span>
      <Button small onClick={onAgain}>
        {common.retry}
      </Button>
    </p>
  );
}
