import { describe, expect, it } from "vitest";
import { image, job } from "../test/factory";
import { json, problem, Server } from "../test/server";
import { createApi } from "./api";
import { asFailure } from "./failure";

const thrown = async (work: Promise<unknown>) =>
  asFailure(
    await work.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );

describe("the border", () => {
  it("turns the wire's names into ours, also within lists", async () => {
    new Server().on("GET /image-7", () =>
      json(image({ alt_text: "a fox", instagram: { valid: false, publishable_as_is: false, warnings: ["too wide"] } })),
    );
    const found = await createApi({ baseUrl: "", token: null }).image("image-7");
    expect(found.altText).toBe("a fox");
    expect(found.instagram).toEqual({ valid: false, publishableAsIs: false, warnings: ["too wide"] });
  });

  it("asks for the token every time", async () => {
    const server = new Server().on("GET /x", () => json(image()));
    let number = 0;
    const api = createApi({ baseUrl: "", token: () => Promise.resolve(`key-${++number}`) });
    await api.image("x");
    await api.image("x");
    expect(server.asked.map(({ headers }) => headers.get("Authorization"))).toEqual(["Bearer key-1", "Bearer key-2"]);
  });

  it("keeps the problem's code, fields, charge, wait and request id", async () => {
    new Server().on("POST /generate/*/cancel", () => {
      const answer = problem(429, "rate_limited", { charged: false, errors: [{ pointer: "/size", code: "x", detail: "y" }] });
      answer.headers.set("Retry-After", "7");
      return answer;
    });
    const failure = await thrown(createApi({ baseUrl: "", token: null }).cancel("job-1"));
    expect(failure).toMatchObject({ code: "rate_limited", status: 429, charged: false, retryAfter: 7, requestId: "request-0001" });
    expect(failure.fields).toHaveLength(1);
    expect(failure.ambiguous).toBe(false);
  });

  it("calls an answer that is no JSON unreadable, and no answer a broken network", async () => {
    const server = new Server().on("GET /page", () => new Response("<html>proxy</html>", { status: 502 }));
    const api = createApi({ baseUrl: "", token: null });
    expect(await thrown(api.image("page"))).toMatchObject({ code: "unreadable", status: 502, ambiguous: true });
    server.on("GET /page", () => Promise.reject(new TypeError("Failed to fetch")));
    expect(await thrown(api.image("page"))).toMatchObject({ code: "network", status: 0, ambiguous: true });
  });

  it("sends the tag it knows and keeps what it had when nothing changed", async () => {
    const server = new Server().on("GET /generate/status/job-1", ({ headers }) =>
      headers.get("If-None-Match") === 'W/"1"'
        ? json(null, 304, { "Retry-After": "3" })
        : json(job(), 200, { ETag: 'W/"1"', "Retry-After": "2" }),
    );
    const api = createApi({ baseUrl: "", token: null });
    const first = await api.status("job-1", undefined, false);
    const second = await api.status("job-1", first, true);
    expect(first.retryAfter).toBe(2);
    expect(second).toEqual({ ...first, retryAfter: 3 });
    expect(server.asked.map(({ headers }) => headers.get("Prefer"))).toEqual([null, "wait=10"]);
  });

  it("tells which companies the sandbox plays", async () => {
    const heard: string[] = [];
    new Server().on("GET /x", () => json(image(), 200, { "X-Darkroom-Sandbox": "openai, cloudinary" }));
    await createApi({ baseUrl: "", token: null, onSandbox: (parts) => heard.push(parts) }).image("x");
    expect(heard).toEqual(["openai, cloudinary"]);
  });
});
