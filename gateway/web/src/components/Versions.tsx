import { useQuery } from "@tanstack/react-query";
import { useImage } from "../hooks/useLibrary";
import { keys } from "../keys";
import { useDarkroom, useMessages } from "../provider";
import type { Image } from "../types";
import { Button } from "../ui/Button";
import { layout } from "../ui/layout";
import { Hidden } from "../ui/Surface";
import { Thumb } from "../ui/Thumb";
import styles from "./details.module.css";

/** What it was made from and what was made of it, each to be opened. Nothing where it stands alone. */
export function Versions({ image, onShow }: { image: Image; onShow: (image: Image) => void }) {
  const { api, client, messages } = useDarkroom();
  const { details: words } = messages;
  const original = useImage(image.parentId);
  const copies = useQuery({ queryKey: keys.copies(image.id), queryFn: ({ signal }) => api.copies(image.id, signal) }, client);
  const size = ({ width, height }: Image): string => messages.library.pixels(width, height);
  const versions = [
    ...(original.data ? [{ version: original.data, name: original.data.filename, said: words.original }] : []),
    ...(copies.data?.items ?? []).map((version) => ({ version, name: words.copy(version.filename), said: size(version) })),
  ];
  const failed = [original, copies].filter(({ isError }) => isError);
  if (versions.length === 0 && failed.length === 0) return null;
  return (
    <section className={layout("column", styles["part"])}>
      <h3>{words.versions}</h3>
      {versions.length > 0 && (
        <ul className={styles["versions"]}>
          {versions.map(({ version, name, said }) => (
            <li key={version.id}>
              <button type="button" className={layout("bare small", styles["version"])} title={name} onClick={() => onShow(version)}>
                <Thumb image={version} className={styles["thumb"] ?? ""} />
                <Hidden>{name}</Hidden>
                <span>{version.deletedAt ? words.inTrash : said}</span>
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
    <p className={layout("row apart", styles["again"])} role="alert">
      <span>{text}</span>
      <Button small onClick={onAgain}>
        {common.retry}
      </Button>
    </p>
  );
}
