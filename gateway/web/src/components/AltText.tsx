import { useEffect, useState } from "react";
import { useLibraryActions } from "../hooks/useLibrary";
import { useMessages } from "../provider";
import { lengthOf } from "../text";
import type { Image } from "../types";
import { Checkbox, TextArea } from "../ui/Field";
import { layout } from "../ui/layout";
import { FailureNotice } from "../ui/Notice";
import styles from "./alt.module.css";

const MOST = 1000;

interface AltTextProps {
  businessId: number;
  image: Image;
  compact?: boolean;
  onSaved?: (image: Image) => void;
}

/** The alt text of a stored image, saved when the field is left; or the word that there is nothing to describe. */
export function AltText({ businessId, image, compact = false, onSaved }: AltTextProps) {
  const { common, details } = useMessages();
  const { edit } = useLibraryActions(businessId);
  const [text, setText] = useState(image.altText ?? "");
  const [decorative, setDecorative] = useState(image.altText === "");
  useEffect(() => {
    setText(image.altText ?? "");
    setDecorative(image.altText === "");
  }, [image.altText]);
  const put = (altText: string | null): void =>
    edit.mutate({ id: image.id, altText }, { onSuccess: onSaved, onError: () => setDecorative(image.altText === "") });
  const decorate = (is: boolean): void => {
    setDecorative(is);
    put(is ? "" : null);
  };
  const save = (): void => {
    if (text.trim() !== (image.altText ?? "") && lengthOf(text) <= MOST) put(text.trim() || null);
  };
  return (
    <div className={layout("column", styles["alt"])}>
      {!decorative && (
        <TextArea
          label={common.altLabel}
          help={edit.isSuccess ? details.saved : common.altHelp}
          count={{ text: common.altCount(lengthOf(text), MOST), over: lengthOf(text) > MOST }}
          value={text}
          rows={compact ? 1 : 2}
          compact={compact}
          onChange={(event) => setText(event.target.value)}
          onBlur={save}
        />
      )}
      <Checkbox checked={decorative} onChange={(event) => decorate(event.target.checked)}>
        {common.decorative}
      </Checkbox>
      {edit.isError && <FailureNotice failure={edit.error} />}
    </div>
  );
}
