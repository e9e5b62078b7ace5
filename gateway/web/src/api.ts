/** The border: the only caller of fetch and XMLHttpRequest. Received names become ours here; nothing is cached here. */
import { read, type Camel, type Schemas } from "./camel";
import { Failure, asFailure, fromProblem, isAbort } from "./failure";
import type { Catalogue, Choice, Estimate, FixMode, Image, Job, LibraryQuery, Page, Platform, Preset, Wish } from "./types";

/** A key or JWT, or a function that fetches a fresh one. */
export type Token = string | (() => string | null | Promise<string | null>) | null;

export interface ApiOptions {
  /** Where the gateway is; empty for the page's own origin. */
  baseUrl: string;
  token: Token;
  /** Hears, from every answer, which outside companies the sandbox plays. */
  onSandbox?: (parts: string) => void;
  /** Hears that a token, or its absence, was refused (401). */
  onUnauthorized?: (token: string | null) => void;
}

export interface Status {
  job: Job;
  etag: string | null;
  /** Seconds until asking again makes sense; null once it ended. */
  retryAfter: number | null;
  /** The server kept the question until something changed or it got long: asking again at once is what it expects. */
  held?: boolean;
}

export interface Sending {
  businessId: number;
  file: File;
  altText: string | null;
  key: string;
  signal: AbortSignal;
  onProgress: (sent: number, total: number) => void;
}

/** What became of one of many. `in_use`: attached to a post, and nobody said that it may go all the same. `conflict`: the same
    picture is live. */
export type BulkResult = Camel<Schemas["Deleted"] | Schemas["Restored"]>;

export type Api = ReturnType<typeof createApi>;

type RequestBody =
  | Schemas["Attaching" | "BulkDelete" | "BulkRestore" | "Description" | "EstimateRequest" | "GenerateRequest" | "Wish"]
  | { image_id: string; platforms: Platform[] };

interface Call {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  json?: RequestBody;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const PATIENCE_MS = 30_000;
const HOLD_SECONDS = 10;

export function createApi({ baseUrl, token, onSandbox, onUnauthorized }: ApiOptions) {
  const root = `${baseUrl.replace(/\/$/, "")}/api/v1/images`;

  const current = async (): Promise<string | null> => (typeof token === "function" ? await token() : token) || null;
  const proof = (key: string | null): Record<string, string> => (key ? { Authorization: `Bearer ${key}` } : {});

  async function ask(path: string, { method = "GET", json, headers, signal }: Call = {}): Promise<Response> {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    try {
      const key = await current();
      const answer = await fetch(root + path, {
        method,
        headers: {
          Accept: "application/json",
          ...(json === undefined ? {} : { "Content-Type": "application/json" }),
          ...proof(key),
          ...headers,
        },
        body: json === undefined ? null : JSON.stringify(json),
        signal: signal ? AbortSignal.any([signal, patience]) : patience,
      });
      onSandbox?.(answer.headers.get("X-Darkroom-Sandbox") ?? "");
      if (answer.ok || answer.status === 304) return answer;
      if (answer.status === 401) onUnauthorized?.(key);
      throw fromProblem(answer.status, read(await answer.text()), (name) => answer.headers.get(name));
    } catch (thrown) {
      throw isAbort(thrown) ? thrown : asFailure(thrown);
    }
  }

  async function get<T>(path: string, call?: Call): Promise<T> {
    const answer = await ask(path, call);
    const body = read(await answer.text());
    if (body === undefined) throw new Failure({ code: "unreadable", status: answer.status, requestId: answer.headers.get("X-Request-Id") });
    // Its shape is what the API's own document says, of which the types are made; this is the one place that trusts it.
    return body as T;
  }

  return {
    images: (businessId: number, { page, search, source, trashed }: LibraryQuery, signal?: AbortSignal) =>
      get<Page<Image>>(`?${query({ business_id: businessId, page, page_size: 20, search: search || null, source, trashed })}`, { signal }),

    /** The page after a `nextCursor`, of any size up to 100. */
    following: (businessId: number, { search, source, trashed }: LibraryQuery, cursor: string | null, size: number, signal?: AbortSignal) =>
      get<Page<Image>>(`?${query({ business_id: businessId, cursor, page_size: size, search: search || null, source, trashed })}`, {
        signal,
      }),

    image: (id: string, signal?: AbortSignal) => get<Image>(`/${id}`, { signal }),

    /** The copies that were made of it, newest first. */
    copies: (id: string, signal?: AbortSignal) => get<Camel<Schemas["Copies"]>>(`/${id}/derivatives`, { signal }),

    /** The posts that it is attached to, newest first. */
    posts: (id: string, signal?: AbortSignal) => get<Camel<Schemas["Posts"]>>(`/${id}/posts`, { signal }),

    /** Says that a post shows it. Refused with `image_deleted`, or `not_publishable` where the platform does not take it. */
    attach: (id: string, postId: string, platform: Platform) =>
      get<Image>(`/${id}/posts/${encodeURIComponent(postId)}`, { method: "PUT", json: { platform } }),

    detach: (id: string, postId: string) => get<Image>(`/${id}/posts/${encodeURIComponent(postId)}`, { method: "DELETE" }),

    rename: (id: string, change: { filename?: string; altText?: string | null }) =>
      get<Image>(`/${id}`, { method: "PATCH", json: { filename: change.filename, alt_text: change.altText } }),

    /** Refused with `image_in_use` where a post shows it, unless `evenIfUsed`. */
    remove: (id: string, evenIfUsed = false) => get<Image>(`/${id}?${query({ even_if_used: evenIfUsed || null })}`, { method: "DELETE" }),

    restore: (id: string) => get<Image>(`/${id}/restore`, { method: "POST" }),

    /** At most 100. */
    removeAll: (businessId: number, ids: string[], evenIfUsed = false) =>
      get<{ results: BulkResult[] }>("/bulk-delete", {
        method: "POST",
        json: { business_id: businessId, ids, ...(evenIfUsed && { even_if_used: true }) },
      }),

    /** At most 100. */
    restoreAll: (businessId: number, ids: string[]) =>
      get<{ results: BulkResult[] }>("/bulk-restore", { method: "POST", json: { business_id: businessId, ids } }),

    thumbnail: (id: string, width: number, height: number, fit: "cover" | "contain", signal?: AbortSignal) =>
      get<Camel<Schemas["Thumbnail"]>>(`/${id}/thumbnail?${query({ width, height, fit })}`, { signal }),

    derive: (id: string, preset: Preset, mode: FixMode) => get<Image>(`/${id}/derivatives`, { method: "POST", json: { preset, mode } }),

    validate: async (imageId: string, platform: Platform, signal?: AbortSignal) => {
      const { verdicts } = await get<Camel<Schemas["Verdicts"]>>("/validate", {
        method: "POST",
        json: { image_id: imageId, platforms: [platform] },
        signal,
      });
      return verdicts[0] ?? null;
    },

    catalogue: (signal?: AbortSignal) => get<Catalogue>("/generate/sizes", { signal }),

    estimate: (businessId: number, choice: Choice, signal?: AbortSignal) =>
      get<Estimate>("/generate/estimate-cost", { method: "POST", json: { business_id: businessId, ...choice }, signal }),

    generate: ({ key, businessId, altText, maxCostUsd, ...wish }: Wish) =>
      get<Job>("/generate", {
        method: "POST",
        headers: { "Idempotency-Key": key },
        json: { ...wish, business_id: businessId, alt_text: altText, max_cost_usd: maxCostUsd },
      }),

    cancel: (jobId: string) => get<Job>(`/generate/${jobId}/cancel`, { method: "POST" }),

    jobs: (businessId: number, signal?: AbortSignal) => get<Page<Job>>(`/generate/jobs?${query({ business_id: businessId })}`, { signal }),

    /** `hold` asks the server to answer when the job changes, instead of at once. */
    async status(jobId: string, known: Status | undefined, hold: boolean, signal?: AbortSignal): Promise<Status> {
      const headers = {
        ...(known?.etag && { "If-None-Match": known.etag }),
        ...(hold && { Prefer: `wait=${HOLD_SECONDS}` }),
      };
      const answer = await ask(`/generate/status/${jobId}`, { headers, signal });
      const seconds = Number(answer.headers.get("Retry-After"));
      const told = { retryAfter: seconds > 0 ? seconds : null, held: answer.headers.has("Preference-Applied") };
      if (answer.status === 304 && known) return { ...known, ...told };
      return { job: read(await answer.text()) as Job, etag: answer.headers.get("ETag"), ...told };
    },

    /** Resolves with the stored image, or the one that was there already with the same bytes. */
    async upload({ businessId, file, altText, key, signal, onProgress }: Sending): Promise<{ image: Image; duplicate: boolean }> {
      const form = new FormData();
      form.set("file", file, file.name);
      if (altText !== null) form.set("alt_text", altText);
      const token = await current();
      const headers = { Accept: "application/json", "Idempotency-Key": key, ...proof(token) };
      const answer = await send(`${root}/upload?${query({ business_id: businessId })}`, form, headers, signal, onProgress);
      const header = (name: string): string | null => answer.getResponseHeader(name);
      const body = read(answer.responseText);
      if (answer.status === 401) onUnauthorized?.(token);
      if (answer.status < 200 || answer.status > 299) throw fromProblem(answer.status, body, header);
      onSandbox?.(header("X-Darkroom-Sandbox") ?? "");
      return { image: body as Image, duplicate: header("X-Deduplicated") === "true" };
    },
  };
}

/** XHR, because fetch does not tell how much of a body was sent. */
function send(
  url: string,
  body: FormData,
  headers: Record<string, string>,
  signal: AbortSignal,
  onProgress: Sending["onProgress"],
): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = (): void => request.abort();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded, event.total);
    request.upload.onload = (event) => onProgress(event.total, event.total);
    request.onload = () => resolve(request);
    request.onerror = () => reject(new Failure({ code: "network", retryable: true }));
    request.onabort = () => reject(new DOMException("canceled", "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop);
    if (signal.aborted) return reject(new DOMException("canceled", "AbortError"));
    request.send(body);
  });
}

function query(values: Record<string, string | number | boolean | null>): string {
  const given = Object.entries(values).filter(([, value]) => value !== null);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}
