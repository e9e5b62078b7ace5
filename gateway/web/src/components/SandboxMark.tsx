import { useMessages, useSandbox } from "../provider";
import { Surface } from "../ui/Surface";
import styles from "./sandbox.module.css";

/** Says that the outside companies are played here, while they are; nothing otherwise. */
export function SandboxMark() {
  const { common } = useMessages();
  const parts = useSandbox();
  if (!parts) return null;
  return (
    <Surface aria-label={common.sandboxName} className={styles["mark"]}>
      {parts.includes("openai") ? common.sandbox : common.sandboxStore}
    </Surface>
  );
}
