import { useState, type SubmitEvent } from "react";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";
import { layout } from "../ui/layout";
import { Modal } from "../ui/Modal";
import { words } from "./words";
import styles from "./studio.module.css";

interface ConnectionProps {
  businessId: number;
  token: string;
  onConnect: (businessId: number, token: string) => void;
  onClose: () => void;
}

/** Which business, with which key. */
export default function Connection({ businessId, token, onConnect, onClose }: ConnectionProps) {
  const [business, setBusiness] = useState(String(businessId));
  const [key, setKey] = useState(token);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(Number.isSafeInteger(Number(business)) && Number(business) > 0)) return;
    onConnect(Number(business), key.trim());
    onClose();
  };
  return (
    <Modal open onClose={onClose} shape="narrow" title={words.connection} note={words.connectionHelp}>
      <form className={layout("column", styles["fields"])} onSubmit={submit}>
        <TextField
          label={words.businessLabel}
          type="number"
          min={1}
          required
          value={business}
          onChange={(event) => setBusiness(event.target.value)}
        />
        <TextField
          label={words.keyLabel}
          type="password"
          autoComplete="off"
          help={words.keyHelp}
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <Button kind="primary" type="submit">
          {words.connect}
        </Button>
      </form>
    </Modal>
  );
}
