import { Suspense, useState, type ComponentType } from "react";
import { lazyWithRetry } from "../lazyWithRetry";

/** A dialog whose code comes when it is first opened, and which begins anew with each opening. */
export function lazyDialog<Props extends { isOpen: boolean }>(load: () => Promise<ComponentType<Props>>) {
  const Content = lazyWithRetry(load);
  return Object.assign(
    function LazyDialog(props: Props) {
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
