/** A server at the border of fetch: routes by method and path, and a record of what it was asked. */
import { render, type RenderResult } from "@testing-library/react";
import { StrictMode, type ReactNode } from "react";
import { vi } from "vitest";
import { DarkroomProvider, type DarkroomProviderProps } from "../src/provider";
import { catalogue, estimate, page } from "./factory";

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: Record<string, unknown>;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(status === 304 ? null : JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });

export const problem = (status: number, code: string, more: object = {}): Response =>
  json({ code, status, title: code, detail: "", retryable: false, request_id: "request-0001", ...more }, status);

export class Server {
  readonly asked: Asked[] = [];
  private readonly routes = new Map<string, Answer>();

  constructor() {
    this.on("GET /generate/sizes", () => json(catalogue()));
    this.on("POST /generate/estimate-cost", ({ body }) => json(estimate(body)));
    this.on("GET /generate/jobs", () => json(page([])));
    this.on("GET ", () => json(page([])));
    vi.stubGlobal("fetch", (address: string, init: RequestInit) => this.answer(address, init));
  }

  /** `*` in the path stands for one part of it. The newest answer to a route counts. */
  on(route: string, answer: Answer): this {
    this.routes.delete(route);
    this.routes.set(route, answer);
    return this;
  }

  calls(route: string): Asked[] {
    return this.asked.filter((one) => matches(route, `${one.method} ${one.path}`));
  }

  private async answer(address: string, init: RequestInit): Promise<Response> {
    const url = new URL(address, "http://studio.example");
    const path = url.pathname.replace("/api/v1/images", "");
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : {};
    const asked = { method: init.method ?? "GET", path, query: url.searchParams, headers: new Headers(init.headers), body };
    this.asked.push(asked);
    const found = [...this.routes].findLast(([route]) => matches(route, `${asked.method} ${path}`));
    const answer = found ? found[1](asked) : problem(404, "not_found");
    return Promise.race([answer, stopped(init.signal)]);
  }
}

/** Rejects when the asker gives up, as the real fetch does. */
const stopped = (signal: AbortSignal | null | undefined): Promise<never> =>
  new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));

const matches = (route: string, asked: string): boolean => new RegExp(`^${route.replaceAll("*", "[^/]+")}$`).test(asked);

/** In StrictMode: every effect runs twice, so that what must happen once is seen to. */
export const show = (children: ReactNode, props: Omit<DarkroomProviderProps, "children"> = {}): RenderResult =>
  render(
    <StrictMode>
      <DarkroomProvider locale="en-US" {...props}>
        {children}
      </DarkroomProvider>
    </StrictMode>,
  );
