/** What every component shares: the API, the cache, the words, the theme. One per page. */
import { DirectionProvider } from "@radix-ui/react-direction";
import { QueryClient, skipToken, useQuery, type Query } from "@tanstack/react-query";
import { createContext, use, useEffect, useMemo, useRef, type ReactNode, type RefObject } from "react";
import { createApi, type Api, type Token } from "./api";
import { asFailure } from "./failure";
import { formatFor, type Format } from "./format";
import { useLatest } from "./hooks/useLatest";
import { keys } from "./keys";
import { withOwn, type Messages, type SomeMessages } from "./messages";
import { usePageDirection } from "./ui/direction";

export interface DarkroomProviderProps {
  /** Where the gateway is, such as `https://images.example.com`. Default: the page's own origin. */
  baseUrl?: string;
  /** An API key or JWT, or a function that fetches a fresh one. */
  token?: Token;
  /** The token was refused, or there was none: time to sign in again. Nothing that was written is lost meanwhile. */
  onUnauthorized?: (token: string | null) => void;
  /** `auto` follows the reader's system. */
  theme?: "auto" | "light" | "dark";
  /** Texts that replace ours. */
  messages?: SomeMessages;
  /** For dates, sizes and money. Default: the browser's. */
  locale?: string;
  children?: ReactNode;
}

interface Darkroom {
  api: Api;
  /** Ours alone: a host's own query client is never touched. */
  client: QueryClient;
  messages: Messages;
  format: Format;
  theme: "auto" | "light" | "dark";
}

const Context = createContext<Darkroom | null>(null);

export function DarkroomProvider(props: DarkroomProviderProps) {
  const { baseUrl = "", token = null, onUnauthorized, theme = "auto", messages, locale, children } = props;
  const latest = useRef(token);
  const refused = useLatest(onUnauthorized);
  const { api, client } = useMemo(() => connect(baseUrl, latest, refused), [baseUrl, refused]);
  const words = useMemo(() => withOwn(messages), [messages]);
  const format = useMemo(() => formatFor(locale), [locale]);
  useEffect(() => {
    client.mount();
    return () => client.unmount();
  }, [client]);
  useEffect(() => {
    if (latest.current === token) return;
    latest.current = token;
    // What the old key was refused, the new one may see.
    void client.resetQueries({ predicate: (query) => query.state.status === "error" });
  }, [client, token]);
  const value = useMemo(() => ({ api, client, messages: words, format, theme }), [api, client, words, format, theme]);
  const direction = usePageDirection();
  return (
    <Context value={value}>
      <DirectionProvider dir={direction}>{children}</DirectionProvider>
    </Context>
  );
}

export function useDarkroom(): Darkroom {
  const found = use(Context);
  if (!found) throw new Error("Darkroom's components must stand inside <DarkroomProvider>");
  return found;
}

export const useMessages = (): Messages => useDarkroom().messages;

/** Which outside companies the sandbox plays, such as `openai, cloudinary`; empty for the real ones. */
export function useSandbox(): string {
  const { client } = useDarkroom();
  return useQuery<string>({ queryKey: keys.sandbox(), queryFn: skipToken }, client).data ?? "";
}

// Without a connection a question fails at once, so that this is said; waiting in silence would look like loading.
const AGAIN_MS = 5000;

/** What could not be asked is asked again by itself, so that a page recovers when the server does. */
const again = (query: Query): number | false => (query.state.error && asFailure(query.state.error).ambiguous ? AGAIN_MS : false);

/** What asks the gateway at this address, always with the newest token. */
function connect(
  baseUrl: string,
  token: RefObject<Token>,
  refused: RefObject<DarkroomProviderProps["onUnauthorized"]>,
): Pick<Darkroom, "api" | "client"> {
  const client = new QueryClient({
    defaultOptions: { queries: { retry: false, staleTime: 15_000, refetchInterval: again, networkMode: "always" } },
  });
  client.setQueryDefaults(keys.sandbox(), { gcTime: Infinity });
  const api = createApi({
    baseUrl,
    token: () => (typeof token.current === "function" ? token.current() : token.current),
    onSandbox: (parts) => client.setQueryData(keys.sandbox(), parts),
    onUnauthorized: (bad) => refused.current?.(bad),
  });
  return { api, client };
}
