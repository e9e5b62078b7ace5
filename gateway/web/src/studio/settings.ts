/** Who looks at the studio, and how it looks: the address says which business, the browser keeps the rest. */
import { useCallback, useEffect, useState } from "react";
import { useStored } from "../stored";

export type View = "generate" | "upload" | "library";
export type Theme = "auto" | "light" | "dark";

export const VIEWS: View[] = ["generate", "upload", "library"];
const KEY = "darkroom:key";

/** Where the gateway is: the folder of this page, which may be below some path of a larger site. */
export const readBase = (): string => location.pathname.replace(/\/[^/]*$/, "");

function readBusiness(): number {
  const asked = Number(new URLSearchParams(location.search).get("business_id"));
  return Number.isSafeInteger(asked) && asked > 0 ? asked : 1;
}

const readView = (): View => VIEWS.find((view) => location.hash === `#${view}`) ?? "generate";

/** The view that the address names; each is a step in the browser's history. */
export function useView(): [View, (view: View) => void] {
  const [view, setView] = useState(readView);
  useEffect(() => {
    const follow = (): void => setView(readView());
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  const go = useCallback((next: View) => {
    location.hash = next;
  }, []);
  return [view, go];
}

/** A key is a secret: it ends with the browser's tab. */
export function useConnection() {
  const [businessId, setBusinessId] = useState(readBusiness);
  const [token, setToken] = useState(() => sessionStorage.getItem(KEY) ?? "");
  const connect = useCallback((business: number, key: string) => {
    const address = new URL(location.href);
    address.searchParams.set("business_id", String(business));
    history.replaceState(null, "", address);
    sessionStorage.setItem(KEY, key);
    setBusinessId(business);
    setToken(key);
  }, []);
  return { businessId, token, connect };
}

export function useTheme(): [Theme, () => void] {
  const [theme, change] = useStored<Theme>("theme", "auto");
  const next = useCallback(() => change((now) => (now === "auto" ? "light" : now === "light" ? "dark" : "auto")), [change]);
  return [theme, next];
}
