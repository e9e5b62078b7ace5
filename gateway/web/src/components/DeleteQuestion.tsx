import { useMessages } from "../provider";
import type { Image } from "../types";
import { Button } from "../ui/Button";
import { Modal } from "../ui/Modal";

interface DeleteQuestionProps {
  images: Image[];
  onClose: () => void;
  onYes: (evenIfUsed: boolean) => void;
}

/** Asked before several go to the trash, or one that posts show. Of several, those that posts show stay where others do not. */
export function DeleteQuestion({ images, onClose, onYes }: DeleteQuestionProps) {
  const { library: words, common } = useMessages();
  const used = images.filter(({ usedIn }) => usedIn > 0).length;
  // One is only asked about because it is used, also where nobody could say by how many.
  const onlyUsed = images.length === 1 || used === images.length;
  const [first] = images;
  const note = onlyUsed ? words.usedHelp : [words.confirmDeleteHelp, used > 0 && words.usedStay(used)].filter(Boolean).join(" ");
  return (
    <Modal
      open
      question
      shape="narrow"
      title={first && images.length === 1 ? words.confirmUsed(first.filename, first.usedIn) : words.confirmDelete(images.length)}
      note={note}
      onClose={onClose}
      returnTo={() => (first && images.length === 1 ? tileOf(first) : null)}
      foot={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button kind="primary" onClick={() => onYes(onlyUsed)}>
            {onlyUsed ? words.deleteUsed : common.delete}
          </Button>
        </>
      }
    />
  );
}

/** Its tile in the library on top. It was gone for a moment where only the server knew that it is used. */
const tileOf = ({ id }: Image) => Array.from(document.querySelectorAll<HTMLElement>(`[role=option][data-id="${id}"]`)).at(-1);
