/** Everything that can go wrong between a component and the API, as one error class. */
import type { Camel, Schemas } from "./camel";
import type { Charged } from "./types";

export type FieldProblem = Camel<Schemas["FieldProblem"]>;

type Told = { code: string; detail?: string } & Partial<
  Pick<Failure, "status" | "retryable" | "requestId" | "retryAfter" | "charged" | "fields" | "replacement" | "warnings">
>;

export class Failure extends Error {
  /** The server's stable code, or our own `network`, `timeout`, `unreadable`. */
  readonly code: string;
  /** 0 where no answer came. */
  readonly status: number;
  readonly retryable: boolean;
  readonly requestId: string | null;
  /** Seconds. */
  readonly retryAfter: number | null;
  /** When asking again makes sense, by this machine's clock; null where the server did not say. */
  readonly retryAt: number | null;
  readonly charged: Charged | null;
  readonly fields: FieldProblem[];
  /** The model to use instead of a retired one. */
  readonly replacement: string | null;
  /** What a platform has against an image, in sentences. */
  readonly warnings: string[];

  constructor(told: Told) {
    super(told.detail || told.code);
    this.name = "Failure";
    this.code = told.code;
    this.status = told.status ?? 0;
    this.retryable = told.retryable ?? false;
    this.requestId = told.requestId ?? null;
    this.retryAfter = told.retryAfter ?? null;
    this.retryAt = this.retryAfter === null ? null : Date.now() + this.retryAfter * 1000;
    this.charged = told.charged ?? null;
    this.fields = told.fields ?? [];
    this.replacement = told.replacement ?? null;
    this.warnings = told.warnings ?? [];
  }

  /** No answer, or one from a part that stands in between: the request may or may not have had its effect. */
  get ambiguous(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

export const isAbort = (thrown: unknown): boolean => thrown instanceof DOMException && thrown.name === "AbortError";

export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof DOMException && thrown.name === "TimeoutError") return new Failure({ code: "timeout", retryable: true });
  return new Failure({ code: "network", retryable: true, detail: thrown instanceof Error ? thrown.message : "" });
}

/** The API's one error body, and what some codes add to it. */
type ProblemBody = Partial<Camel<Schemas["ProblemBody"]>> & Partial<Pick<Failure, "charged" | "replacement" | "warnings">>;

/** The failure that an answer's `application/problem+json` tells of. */
export function fromProblem(status: number, body: unknown, header: (name: string) => string | null): Failure {
  const problem: ProblemBody = typeof body === "object" && body !== null ? body : {};
  const seconds = Number(header("Retry-After"));
  return new Failure({
    ...problem,
    code: problem.code ?? "unreadable",
    detail: problem.detail ?? problem.title ?? "",
    status,
    retryable: problem.retryable ?? status >= 500,
    requestId: problem.requestId ?? header("X-Request-Id"),
    retryAfter: seconds > 0 ? seconds : null,
    fields: problem.errors ?? [],
  });
}
