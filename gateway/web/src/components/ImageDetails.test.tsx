import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { image, page } from "../../test/factory";
import { json, problem, Server, show } from "../../test/server";
import { ImageLibrary } from "./ImageLibrary";

/** The panel of the one picture in the library. */
async function opened(wire: Record<string, unknown>, more: (server: Server) => unknown = () => undefined) {
  const id = String(wire["id"]);
  const server = new Server().on("GET ", () => json(page([wire]))).on(`GET /${id}`, () => json(wire));
  server.on(`GET /${id}/derivatives`, () => json({ items: [] }));
  more(server);
  show(<ImageLibrary businessId={1} />);
  await userEvent.click(await screen.findByRole("option"));
  return { server, panel: within(await screen.findByRole("dialog", { name: "Picture" })) };
}

describe("ImageDetails", () => {
  it("says where the picture is used, only where it is", async () => {
    const used = image({ used_in: 12 });
    const { panel } = await opened(used, (server) =>
      server.on(`GET /${String(used["id"])}/posts`, () =>
        json({
          items: [
            { post_id: "spring-sale", platform: "instagram", attached_at: "2026-11-22T12:00:00Z" },
            { post_id: "4711", platform: null, attached_at: "2026-11-21T12:00:00Z" },
          ],
          total: 12,
        }),
      ),
    );
    expect((await panel.findByText("spring-sale")).parentElement).toHaveTextContent("Instagram · Nov 22, 2026");
    expect(panel.getByText("4711").parentElement).toHaveTextContent("4711Nov 21, 2026");
    expect(panel.getByText("and 10 more")).toBeInTheDocument();
  });

  it("does not ask for posts that there are none of", async () => {
    const { server, panel } = await opened(image());
    expect(await panel.findByText("Kind")).toBeInTheDocument();
    expect(server.calls("GET /*/posts")).toHaveLength(0);
    expect(panel.queryByText("Versions")).toBeNull();
  });

  it("says nothing of a prompt that was erased", async () => {
    const generation = { job_id: "j", prompt: "", model: "m", size: "1x1", quality: "hd", cost_usd: null };
    const { panel } = await opened(image({ source: "ai_generated", generation }));
    expect(await panel.findByText("Kind")).toBeInTheDocument();
    expect(panel.queryByText("Description it was made from")).toBeNull();
  });

  it("leads to what it was made from and to what was made of it", async () => {
    const original = image({ filename: "first.jpg" });
    const copy = image({ filename: "third.jpg" });
    const middle = image({ filename: "second.jpg", parent_id: original["id"] });
    const { panel } = await opened(middle, (server) => {
      for (const one of [original, copy]) server.on(`GET /${String(one["id"])}`, () => json(one));
      server.on("GET /*/derivatives", () => json({ items: [] }));
      server.on(`GET /${String(middle["id"])}/derivatives`, () => json({ items: [copy] }));
    });
    expect(await panel.findByRole("button", { name: /A copy: third.jpg/ })).toBeInTheDocument();
    await userEvent.click(await panel.findByRole("button", { name: /first.jpg.*Original/ }));
    expect(await panel.findByDisplayValue("first.jpg")).toBeInTheDocument();
  });

  it("has words for a part that could not be loaded, and the way to it", async () => {
    const used = image({ used_in: 1 });
    let down = true;
    const { panel } = await opened(used, (server) => {
      server.on("GET /*/posts", () =>
        down
          ? problem(404, "not_found")
          : json({ items: [{ post_id: "found", platform: "x", attached_at: "2026-11-22T12:00:00Z" }], total: 1 }),
      );
      server.on("GET /*/derivatives", () => problem(404, "not_found"));
    });
    expect(await panel.findByText("Other versions could not be loaded.")).toBeInTheDocument();
    const part = (await panel.findByText("It could not be found out where it is used.")).closest("p");
    down = false;
    await userEvent.click(within(part ?? document.body).getByRole("button", { name: "Try again" }));
    expect(await panel.findByText("found")).toBeInTheDocument();
  });

  it("keeps the last word of two that come one right after the other", async () => {
    const picture = image();
    const answers: (() => void)[] = [];
    const { server, panel } = await opened(picture, (told) =>
      told.on("PATCH /*", ({ body }) => new Promise((resolve) => answers.push(() => resolve(json({ ...picture, ...body }))))),
    );
    await userEvent.type(await panel.findByRole("textbox", { name: "Alt text" }), "a fox");
    const choice = panel.getByRole("checkbox", { name: "Decorative: nothing to describe" });
    await userEvent.click(choice);
    expect(answers).toHaveLength(1);
    answers[0]?.();
    await waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.();
    await waitFor(() => expect(choice).toBeChecked());
    expect(server.calls("PATCH /*").map(({ body }) => body["alt_text"])).toEqual(["a fox", ""]);
  });

  it("keeps decorative apart from not described yet", async () => {
    const picture = image({ alt_text: "a fox" });
    const { server, panel } = await opened(picture, (told) =>
      told.on(`PATCH /${String(picture["id"])}`, ({ body }) => json({ ...picture, ...body })),
    );
    const choice = await panel.findByRole("checkbox", { name: "Decorative: nothing to describe" });
    await userEvent.click(choice);
    await waitFor(() => expect(panel.queryByRole("textbox", { name: "Alt text" })).toBeNull());
    await userEvent.click(choice);
    expect(await panel.findByRole("textbox", { name: "Alt text" })).toHaveValue("");
    expect(server.calls("PATCH /*").map(({ body }) => body["alt_text"])).toEqual(["", null]);
  });
});
