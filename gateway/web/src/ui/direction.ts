/** The page's `dir`. Layout follows it by itself; the arrow keys of tabs and radio groups must be told. */
import { useSyncExternalStore } from "react";

type Direction = "ltr" | "rtl";

const read = (): Direction => (document.documentElement.dir === "rtl" ? "rtl" : "ltr");

function subscribe(listener: () => void): () => void {
  const watch = new MutationObserver(listener);
  watch.observe(document.documentElement, { attributeFilter: ["dir"] });
  return () => watch.disconnect();
}

export const usePageDirection = (): Direction => useSyncExternalStore(subscribe, read, () => "ltr");
