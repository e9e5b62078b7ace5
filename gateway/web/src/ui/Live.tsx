import { useCallback, useState, type ReactNode } from "react";
import { Hidden } from "./Surface";

type Announce = (text: string, urgent?: boolean) => void;

/** One polite and one assertive region for a component, and the function that speaks through them. They are made by role:
    whatever carries `aria-live` would stay readable behind an open dialog, together with all around it. */
export function useLive(): [region: ReactNode, announce: Announce] {
  const [polite, setPolite] = useState("");
  const [assertive, setAssertive] = useState("");
  const announce = useCallback<Announce>((text, urgent) => (urgent ? setAssertive(text) : setPolite(text)), []);
  const region = (
    <>
      <Hidden role="status">{polite}</Hidden>
      <Hidden role="alert">{assertive}</Hidden>
    </>
  );
  return [region, announce];
}
