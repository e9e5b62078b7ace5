import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { downloadOne } from "../download";
import { useImage, useLibraryActions } from "../hooks/useLibrary";
import { useDarkroom, useMessages } from "../provider";
import { beginning } from "../text";
import type { Image } from "../types";
import { Button, LinkButton } from "../ui/Button";
import { TextField } from "../ui/Field";
import { layout } from "../ui/layout";
import { Modal } from "../ui/Modal";
import { FailureNotice } from "../ui/Notice";
import { Thumb } from "../ui/Thumb";
import { AltText } from "./AltText";
import { InstagramFix } from "./InstagramFix";
import { Versions } from "./Versions";
import { WhereUsed } from "./WhereUsed";
import styles from "./details.module.css";

interface ImageDetailsProps {
  businessId: number;
  image: Image;
  onClose: () => void;
  /** Another image, such as the copy that was just made of this one. */
  onShow: (image: Image) => void;
  onDelete: (image: Image) => void;
  onRestore: (image: Image) => void;
}

/** All that is known of a picture, and what can be changed about it. */
export function ImageDetails({ businessId, image: given, onClose, onShow, onDelete, onRestore }: ImageDetailsProps) {
  const { details: words, common, library } = useMessages();
  const { data, error } = useImage(given.id);
  const image = data ?? given;
  const foot = image.deletedAt ? (
    <Button kind="primary" icon="restore" onClick={() => onRestore(image)}>
      {library.restore}
    </Button>
  ) : (
    <Button kind="danger" icon="trash" onClick={() => onDelete(image)}>
      {common.delete}
    </Button>
  );
  return (
    <Modal open onClose={onClose} title={words.title} shape="side" foot={foot}>
      <div className={layout("column", styles["details"])}>
        <Thumb image={image} fit="contain" alt={image.altText ?? ""} className={styles["preview"] ?? ""} />
        <Actions image={image} />
        {error && <FailureNotice failure={error} />}
        <InstagramFix businessId={businessId} image={image} onFixed={onShow} />
        {!image.deletedAt && <Editing key={image.id} businessId={businessId} image={image} />}
        <Facts image={image} />
        {image.usedIn > 0 && <WhereUsed image={image} />}
        <Versions image={image} onShow={onShow} />
      </div>
    </Modal>
  );
}

function Actions({ image }: { image: Image }) {
  const { details: words, common } = useMessages();
  const [copied, setCopied] = useState(false);
  const save = useMutation({ mutationFn: () => downloadOne(image) }, useDarkroom().client);
  const copy = (): void =>
    void navigator.clipboard?.writeText(image.url).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <>
      <div className={layout("row wrap")}>
        <Button small icon="download" off={save.isPending} onClick={() => save.mutate()}>
          {save.isPending ? words.downloading : words.download}
        </Button>
        <Button small icon={copied ? "check" : "copy"} onClick={copy}>
          {copied ? common.copied : words.copyUrl}
        </Button>
        <LinkButton small icon="external" href={image.url} target="_blank" rel="noreferrer">
          {words.open}
        </LinkButton>
      </div>
      {save.isError && <FailureNotice failure={save.error} />}
    </>
  );
}

/** Longest name that is stored. */
const MOST_NAME = 255;

function Editing({ businessId, image }: { businessId: number; image: Image }) {
  const { details: words } = useMessages();
  const { edit } = useLibraryActions(businessId);
  const [name, setName] = useState(image.filename);
  useEffect(() => setName(image.filename), [image.filename]);
  const save = (): void => {
    if (!name.trim()) setName(image.filename);
    else if (name.trim() !== image.filename) edit.mutate({ id: image.id, filename: name.trim() });
  };
  return (
    <>
      <TextField
        label={words.filename}
        value={name}
        help={edit.isSuccess && words.saved}
        onChange={(event) => setName(beginning(event.target.value, MOST_NAME))}
        onBlur={save}
      />
      {edit.isError && <FailureNotice failure={edit.error} />}
      <AltText businessId={businessId} image={image} />
    </>
  );
}

function Facts({ image }: { image: Image }) {
  const { messages, format } = useDarkroom();
  const { details: words, library, generate } = messages;
  const made = image.generation;
  const facts: [string, string | null][] = [
    [words.kind, image.source === "ai_generated" ? words.generated : words.uploaded],
    [words.size, `${library.pixels(image.width, image.height)} · ${image.format.toUpperCase()} · ${format.bytes(image.bytes)}`],
    [words.added, format.date(image.createdAt)],
    [words.prompt, made?.prompt || null],
    [words.model, made && `${made.model} · ${generate.qualities[made.quality] ?? made.quality}`],
    [words.cost, made && (made.costUsd === null ? generate.costUnknown : format.money(made.costUsd))],
  ];
  return (
    <dl className={layout("column", styles["facts"])}>
      {facts.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
