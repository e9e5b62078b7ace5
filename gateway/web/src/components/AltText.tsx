import { useEffect, useState } from "react";
import { useLibraryActions } from "../hooks/useLibrary";
import { useMessages } from "../provider";
import type { Image } from "../types";
import { FailureNotice } from "../ui/Notice";
import { TextArea } from "../ui/Field";

const MOST = 1000;

/** The alt text of a stored image; saved when the field is left. */
export function AltText({
  businessId,
  image,
  compact = false,
  onSaved,
}: {
  businessId: number;
  image: Image;
  compact?: boolean;
  onSaved?: (image: Image) => void;
}) {
  const { common, details } = useMessages();
  const { edit } = useLibraryActions(businessId);
  const [text, setText] = useState(image.altText ?? "");
  useEffect(() => setText(image.altText ?? ""), [image.altText]);
  const save = (): void => {
    if (text.trim() === (image.altText ?? "") || text.length > MOST) return;
    edit.mutate({ id: image.id, altText: text.trim() || null }, { onSuccess: onSaved });
  };
  return (
    <>
      <TextArea
        label={common.altLabel}
        help={edit.isSuccess ? details.saved : common.altHelp}
        count={{ text: common.altCount(text.length, MOST), over: text.length > MOST }}
        value={text}
        rows={compact ? 1 : 2}
        compact={compact}
        onChange={(event) => setText(event.target.value)}
        onBlur={save}
      />
      {edit.isError && <FailureNotice failure={edit.error} />}
    </>
  );
}
