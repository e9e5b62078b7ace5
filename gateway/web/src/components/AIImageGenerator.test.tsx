import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { budget, catalogue, estimate, failed, image, job, model, page } from "../../test/factory";
import { json, problem, Server, show } from "../../test/server";
import { failures } from "../messages.failures";
import { AIImageGenerator } from "./AIImageGenerator";

const generator = <AIImageGenerator businessId={1} />;
const describeIt = async (text: string): Promise<void> =>
  userEvent.type(await screen.findByRole("textbox", { name: "Describe the picture" }), text);
const press = async (name: string): Promise<void> => userEvent.click(await screen.findByRole("button", { name }));

describe("AIImageGenerator", () => {
  it("says why it cannot generate yet", async () => {
    new Server();
    show(generator);
    const button = await screen.findByRole("button", { name: "Generate" });
    expect(button).toHaveAttribute("aria-disabled", "true");
    expect(button).toHaveAccessibleDescription("Describe the picture first");
  });

  it("counts a description as the server does", async () => {
    new Server();
    show(generator);
    fireEvent.change(await screen.findByRole("textbox", { name: "Describe the picture" }), { target: { value: "🦊".repeat(600) } });
    expect(await screen.findByText(/600.*1,000|600.*1000/)).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Generate" })).not.toHaveAccessibleDescription("The description is too long");
  });

  it("sends one wish with a key and the price that was shown", async () => {
    const server = new Server()
      .on("POST /generate", () => json(job(), 202))
      .on("GET /generate/status/*", () => json(job(), 200, { "Retry-After": "5" }));
    show(generator);
    await describeIt("a red fox");
    await press("Generate");
    await screen.findByRole("progressbar");
    expect(screen.getByText(/Number 2 in line · about 20 sec left/)).toBeInTheDocument();
    const [sent, ...more] = server.calls("POST /generate");
    expect(more).toEqual([]);
    expect(sent?.body).toEqual({
      prompt: "a red fox",
      business_id: 1,
      model: "model-a",
      size: "1024x1024",
      quality: "standard",
      alt_text: "a red fox",
      max_cost_usd: "0.0527",
    });
    expect(sent?.headers.get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
  });

  it("sends the same key again after a lost answer, and a new one for the next wish", async () => {
    let calls = 0;
    const done = job({
      status: "succeeded",
      stage: "done",
      queue: null,
      image: image(),
      cost: { estimated_usd: "0.0527", actual_usd: "0.0512", charged: true },
    });
    const server = new Server()
      .on("POST /generate", () => (++calls === 1 ? Promise.reject(new TypeError("lost")) : json(job({ job_id: `job-${calls}` }), 202)))
      .on("GET /generate/status/*", () => json(done))
      .on("GET /image-*", () => json(done["image"]));
    show(generator);
    await describeIt("a red fox");
    await press("Generate");
    await screen.findByText(/will not be ordered twice/);
    await screen.findByText("Cost $0.051", {}, { timeout: 4000 });
    await userEvent.click(screen.getByRole("button", { name: /Generate another/ }));
    await waitFor(() => expect(server.calls("POST /generate")).toHaveLength(3));
    const keys = server.calls("POST /generate").map(({ headers }) => headers.get("Idempotency-Key"));
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("goes on with a wish that a reload interrupted, once", async () => {
    const wish = {
      key: "kept",
      businessId: 1,
      prompt: "a red fox",
      model: "model-a",
      size: "1024x1024",
      quality: "standard",
      altText: null,
      maxCostUsd: null,
    };
    localStorage.setItem("darkroom:pending:1", JSON.stringify([wish]));
    const server = new Server().on("POST /generate", () => json(job(), 202)).on("GET /generate/status/*", () => json(job()));
    show(generator);
    await screen.findByRole("progressbar");
    expect(server.calls("POST /generate").map(({ headers }) => headers.get("Idempotency-Key"))).toEqual(["kept"]);
    expect(localStorage.getItem("darkroom:pending:1")).toBe("[]");
  });

  it("asks once more before an expensive picture", async () => {
    const server = new Server()
      .on("POST /generate/estimate-cost", ({ body }) => json(estimate({ ...body, unit_cost_usd: "0.2100" })))
      .on("POST /generate", () => json(job(), 202))
      .on("GET /generate/status/*", () => json(job()));
    show(generator);
    await describeIt("a fox");
    await press("Generate");
    expect(server.calls("POST /generate")).toEqual([]);
    await press("Yes, spend about $0.21");
    await screen.findByRole("progressbar");
    expect(screen.getByRole("button", { name: "Generate" })).toHaveFocus();
  });

  it("takes a double click for one order, also when the answer came between its clicks", async () => {
    const server = new Server()
      .on("POST /generate", () => json(job(), 202))
      .on("GET /generate/status/*", () => json(job(), 200, { "Retry-After": "5" }));
    show(generator);
    await describeIt("a red fox");
    const button = screen.getByRole("button", { name: "Generate" });
    fireEvent.click(button, { detail: 1 });
    await screen.findByRole("progressbar");
    await waitFor(() => expect(button).not.toHaveAttribute("aria-disabled"));
    fireEvent.click(button, { detail: 2 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.calls("POST /generate")).toHaveLength(1);
    fireEvent.click(button, { detail: 1 });
    await waitFor(() => expect(server.calls("POST /generate")).toHaveLength(2));
  });

  it("locks when the budget does not cover it", async () => {
    new Server().on("POST /generate/estimate-cost", () => json(estimate({ budget: budget("0.01") })));
    show(generator);
    await describeIt("a fox");
    expect(await screen.findByText("$0.01 left this month. It begins anew on Dec 1, 2026.")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Generate" })).toHaveAccessibleDescription("The budget does not cover this");
  });

  it("takes the longest description from the model", async () => {
    new Server().on("GET /generate/sizes", () => json(catalogue([model("model-a", { max_prompt_characters: 8 })])));
    show(generator);
    await describeIt("a red fox");
    expect(screen.getByText("9 of 8")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Generate" })).toHaveAccessibleDescription("The description is too long");
  });

  it("shows at once what an order left of the budget, and what its end did", async () => {
    let left = "0.90";
    let ended = false;
    const done = job({ status: "succeeded", queue: null, image: image() });
    new Server()
      .on("POST /generate/estimate-cost", ({ body }) => json(estimate({ ...body, budget: budget(left) })))
      .on("POST /generate", () => {
        left = "0.85";
        return json(job(), 202);
      })
      .on("GET /generate/status/*", () => json(ended ? done : job(), 200, { "Retry-After": "0.2" }))
      .on("GET /image-*", () => json(done["image"]));
    show(generator);
    await describeIt("a fox");
    await screen.findByText(/^\$0\.90 left/);
    await press("Generate");
    await screen.findByText(/^\$0\.85 left/);
    left = "0.84";
    ended = true;
    expect(await screen.findByText(/^\$0\.84 left/, {}, { timeout: 4000 })).toBeInTheDocument();
  });

  it("asks for the price of what the choice came to rest at, and of nothing between", async () => {
    const server = new Server();
    show(generator);
    await waitFor(() => expect(server.calls("POST /generate/estimate-cost")).toHaveLength(1));
    await userEvent.click(screen.getByRole("radio", { name: /Tall/ }));
    await userEvent.click(screen.getByRole("radio", { name: "HD" }));
    await waitFor(() => expect(server.calls("POST /generate/estimate-cost")).toHaveLength(2));
    expect(server.calls("POST /generate/estimate-cost")[1]?.body).toMatchObject({ size: "1024x1792", quality: "hd" });
  });

  it("counts down what the server asks to wait, and sends the same wish then", async () => {
    const server = new Server().on("POST /generate", () => {
      const answer = problem(429, "rate_limited", { charged: false, retryable: true });
      answer.headers.set("Retry-After", "2");
      return answer;
    });
    show(generator);
    await describeIt("a fox");
    await press("Generate");
    const waiting = await screen.findByRole("button", { name: "Try again in 2 sec" });
    expect(waiting).toHaveAttribute("aria-disabled", "true");
    server.on("POST /generate", () => json(job(), 202)).on("GET /generate/status/*", () => json(job()));
    await userEvent.click(await screen.findByRole("button", { name: "Try again" }, { timeout: 4000 }));
    await screen.findByRole("progressbar");
    const keys = server.calls("POST /generate").map(({ headers }) => headers.get("Idempotency-Key"));
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
  });

  it("leads from a deleted picture to the way back, and from there to the picture", async () => {
    // A frame may come before the answer is drawn: on a busy machine it does.
    vi.stubGlobal("requestAnimationFrame", (then: FrameRequestCallback) => [then(0)].length);
    localStorage.setItem("darkroom:draft:1", JSON.stringify({ prompt: "a fox", style: "", altText: "", jobId: "job-1", key: "k" }));
    const made = image();
    const path = `/${String(made["id"])}`;
    new Server()
      .on("GET /generate/status/*", () => json(job({ status: "succeeded", queue: null, image: made })))
      .on(`GET ${path}`, () => json(made))
      .on(`DELETE ${path}`, () => json({ ...made, deleted_at: "2026-11-25T10:00:00Z" }))
      .on(`POST ${path}/restore`, () => json(made));
    show(generator);
    await press("Delete");
    await waitFor(() => expect(screen.getByRole("button", { name: "Undo" })).toHaveFocus());
    await press("Undo");
    await waitFor(() => expect(screen.getByRole("button", { name: "Delete" })).toHaveFocus());
  });

  it("asks again before a dear picture is repeated", async () => {
    localStorage.setItem("darkroom:draft:1", JSON.stringify({ prompt: "a fox", style: "", altText: "", jobId: "job-1", key: "k" }));
    const done = job({ status: "succeeded", queue: null, image: image() });
    const server = new Server()
      .on("POST /generate/estimate-cost", ({ body }) => json(estimate({ ...body, unit_cost_usd: "0.2100" })))
      .on("GET /generate/status/*", () => json(done))
      .on("GET /image-*", () => json(done["image"]));
    show(generator);
    await press("Generate another · $0.21");
    expect(await screen.findByRole("button", { name: "Yes, spend about $0.21" })).toHaveFocus();
    expect(server.calls("POST /generate")).toEqual([]);
  });

  it("says that the asking to stop did not arrive", async () => {
    new Server()
      .on("POST /generate", () => json(job(), 202))
      .on("GET /generate/status/*", () => json(job()))
      .on("POST /generate/*/cancel", () => Promise.reject(new TypeError("down")));
    show(generator);
    await describeIt("a fox");
    await press("Generate");
    await press("Cancel");
    expect(await screen.findByText("No connection to Darkroom")).toBeInTheDocument();
  });

  it("replaces a retired model with a notice", async () => {
    localStorage.setItem("darkroom:draft:1", JSON.stringify({ prompt: "", style: "", altText: "", jobId: null, key: "k", model: "old" }));
    const old = model("old", { status: "retired", replacement: "model-a" });
    new Server().on("GET /generate/sizes", () => json(catalogue([model("model-a"), old])));
    show(generator);
    expect(await screen.findByText("OLD is no longer offered; MODEL-A was chosen instead.")).toBeInTheDocument();
  });

  it.each([
    ["content_policy", false, "You were not charged."],
    ["provider_unavailable", false, "You were not charged."],
    ["bad_provider_image", true, "You were charged for this."],
    ["outcome_unknown", "unknown", "It may have been charged"],
  ] as const)("tells of %s what it cost", async (code, charged, words) => {
    userEvent.setup(); // Gives the page a clipboard.
    localStorage.setItem("darkroom:draft:1", JSON.stringify({ prompt: "a fox", style: "", altText: "", jobId: "job-1", key: "k" }));
    new Server().on("GET /generate/status/*", () => json(failed(code, charged)));
    show(generator);
    expect(await screen.findByText(failures[code]?.title ?? "")).toBeInTheDocument();
    expect(screen.getByText(new RegExp(words))).toBeInTheDocument();
    expect(screen.getByRole("textbox", { name: "Describe the picture" })).toHaveValue("a fox");
    expect(screen.queryByRole("button", { name: /Try again/ }) !== null).toBe(code === "outcome_unknown");
    const copied = vi.spyOn(navigator.clipboard, "writeText");
    await press("Copy the job's id");
    expect(copied).toHaveBeenCalledWith("job-1");
  });

  it("shows a refused order with its request id, and forgets it when something is changed", async () => {
    new Server().on("POST /generate", () => problem(422, "cost_above_maximum", { charged: false }));
    show(generator);
    await describeIt("a fox");
    await press("Generate");
    const alert = (): boolean => screen.getAllByRole("alert").some(({ textContent }) => textContent === "The price has changed");
    await waitFor(() => expect(alert()).toBe(true));
    expect(screen.getByText(/request-0001/)).toBeInTheDocument();
    await describeIt(" in snow");
    await waitFor(() => expect(alert()).toBe(false));
  });

  it("is silent about a picture of long ago", async () => {
    localStorage.setItem("darkroom:draft:1", JSON.stringify({ prompt: "a fox", style: "", altText: "", jobId: "job-1", key: "k" }));
    const done = job({ status: "succeeded", queue: null, image: image() });
    new Server()
      .on("GET /generate/status/*", () => json(done))
      .on("GET /image-*", () => json(done["image"]))
      .on("GET /generate/jobs", () => json(page([])));
    const heard: string[] = [];
    show(<AIImageGenerator businessId={1} onGenerated={({ id }) => heard.push(id)} />);
    await screen.findByRole("button", { name: /Generate another/ });
    expect(heard).toEqual([]);
  });
});
