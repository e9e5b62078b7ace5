import { Button } from "../ui/Button";
import { Modal } from "../ui/Modal";

interface LeaveQuestionProps {
  open: boolean;
  /** `leaveTitle` asks, `leaveStay` and `leaveGo` are the two answers. */
  words: { leaveTitle: string; leaveStay: string; leaveGo: string };
  /** What leaving would stop. */
  note: string;
  onStay: () => void;
  onGo: () => void;
}

/** Asks before a dialog is closed in which something is under way. */
export function LeaveQuestion({ open, words, note, onStay, onGo }: LeaveQuestionProps) {
  return (
    <Modal
      open={open}
      question
      shape="narrow"
      title={words.leaveTitle}
      note={note}
      onClose={onStay}
      foot={
        <>
          <Button onClick={onGo}>{words.leaveGo}</Button>
          <Button kind="primary" autoFocus onClick={onStay}>
            {words.leaveStay}
          </Button>
        </>
      }
    />
  );
}
