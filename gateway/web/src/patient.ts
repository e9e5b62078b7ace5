import { lazy, type ComponentType } from "react";

const PAUSE_MS = 2000;

/** A component whose code comes when it is needed; while the server does not answer, it is asked for again. */
export function patient<Props>(load: () => Promise<ComponentType<Props>>) {
  const again = async (): Promise<{ default: ComponentType<Props> }> => {
    for (;;) {
      try {
        return { default: await load() };
      } catch {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  };
  return lazy(again);
}
