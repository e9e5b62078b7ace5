import { createElement, lazy, useState, type ComponentType, type FunctionComponent } from "react";

const PAUSE_MS = 2000;

/** A component whose code comes when it is needed; while the server does not answer, it is asked for again. Once the code is
    here, by `preload` or for another one of its kind, it is drawn at once. */
export function lazyWithRetry<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  let part: ComponentType<Props> | null = null;
  const preload = async (): Promise<ComponentType<Props>> => (part ??= await load());
  const again = async (): Promise<{ default: ComponentType<Props> }> => {
    for (;;) {
      try {
        return { default: await preload() };
      } catch {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  };
  const Late = lazy(again);
  function Lazy(props: Props) {
    const [Part] = useState<FunctionComponent<Props>>(() => (part ?? Late) as FunctionComponent<Props>);
    return createElement(Part, props);
  }
  return Object.assign(Lazy, {
    /** Fetches the code while nobody waits for it. Where that fails, it is fetched when it is needed. */
    preload: (): void => void preload().catch(() => undefined),
  });
}
