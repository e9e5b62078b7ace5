import { Suspense, useState, type ComponentType } from "react";
import { patient } from "../patient";

/** A dialog whose code comes when it is first opened, and which begins anew with each opening. */
export function opening<Props extends { isOpen: boolean }>(load: () => Promise<ComponentType<Props>>) {
  const Content = patient(load);
  return Object.assign(
    function Opening(props: Props) {
      const { isOpen } = props;
      const [state, setState] = useState({ number: 0, isOpen });
      if (state.isOpen !== isOpen) setState({ number: state.number + 1, isOpen });
      if (!isOpen) return null;
      return (
        <Suspense>
          <Content key={state.number} {...props} />
        </Suspense>
      );
    },
    /** Fetches the dialog's code while nobody waits for it. */
    { preload: Content.preload },
  );
}
