import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { image, page } from "../../test/factory";
import { json, problem, Server, show } from "../../test/server";
import { ImageLibrary } from "./ImageLibrary";
import { ImageSelector } from "./ImageSelector";
import type { Image } from "../types";

const three = [
  image({ filename: "one.jpg" }),
  image({ filename: "two.jpg", source: "ai_generated", alt_text: "a fox" }),
  image({ filename: "three.jpg" }),
];

describe("ImageLibrary", () => {
  it("names each picture with all that its tile shows", async () => {
    new Server().on("GET ", () => json(page(three)));
    show(<ImageLibrary businessId={1} />);
    expect(await screen.findByRole("option", { name: /two\.jpg.*1024 × 1024.*AI generated, Fits Instagram, a fox/ })).toBeInTheDocument();
  });

  it("asks for what the search says, after a pause, from the first page", async () => {
    const server = new Server().on("GET ", () => json(page(three, 45)));
    show(<ImageLibrary businessId={1} />);
    await userEvent.click(await screen.findByRole("button", { name: "Next page" }));
    await userEvent.type(screen.getByRole("searchbox"), "fox");
    await waitFor(() => expect(server.asked.at(-1)?.query.get("search")).toBe("fox"));
    expect(server.asked.at(-1)?.query.get("page")).toBe("1");
    expect(server.calls("GET ").map(({ query }) => query.get("search"))).not.toContain("f");
  });

  it("moves by arrows, with one picture in the tab order", async () => {
    new Server().on("GET ", () => json(page(three)));
    show(<ImageLibrary businessId={1} />);
    const [first, second] = await screen.findAllByRole("option");
    first?.focus();
    await userEvent.keyboard("{ArrowRight}");
    expect(second).toHaveFocus();
    expect(screen.getAllByRole("option").map(({ tabIndex }) => tabIndex)).toEqual([-1, 0, -1]);
    await userEvent.keyboard("{End} ");
    expect(screen.getAllByRole("option")[2]).toHaveAttribute("aria-selected", "true");
    await userEvent.keyboard("{Control>}a{/Control}");
    expect(screen.getByText("3 selected")).toBeInTheDocument();
  });

  it("brings a picture back when it could not be deleted", async () => {
    new Server().on("GET ", () => json(page(three))).on("DELETE /*", () => problem(503, "unavailable"));
    show(<ImageLibrary businessId={1} />);
    (await screen.findAllByRole("option"))[0]?.focus();
    await userEvent.keyboard("{Delete}");
    expect(await screen.findByText("Darkroom is not ready")).toBeInTheDocument();
    expect(screen.getAllByRole("option")).toHaveLength(3);
  });

  it("lists what of many could not be deleted and keeps it selected", async () => {
    const server = new Server().on("GET ", () => json(page(three)));
    server.on("POST /bulk-delete", ({ body }) =>
      json({ results: (body["ids"] as string[]).map((id, index) => ({ id, status: index ? "deleted" : "not_found", image: null })) }),
    );
    show(<ImageLibrary businessId={1} />);
    (await screen.findAllByRole("option"))[0]?.focus();
    await userEvent.keyboard("{Control>}a{/Control}");
    await userEvent.click(screen.getByRole("button", { name: "Delete" }));
    await userEvent.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Delete" }));
    expect(await screen.findByText("1 picture was not deleted and is still selected.")).toBeInTheDocument();
    expect(screen.getByText("1 selected")).toBeInTheDocument();
  });

  it("recovers by itself when the server is back", async () => {
    let up = false;
    new Server().on("GET ", () => (up ? json(page(three)) : Promise.reject(new TypeError("down"))));
    show(<ImageLibrary businessId={1} />);
    await screen.findByText("No connection to Darkroom");
    up = true;
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findAllByRole("option")).toHaveLength(3);
  });
});

describe("ImageSelector", () => {
  it("takes exactly the props it always took", async () => {
    new Server().on("GET ", () => json(page(three)));
    const chosen: [string, Image][] = [];
    let open = true;
    show(
      <ImageSelector
        businessId={1}
        isOpen={open}
        onClose={() => (open = false)}
        onSelectImage={(url, picked) => chosen.push([url, picked])}
        requireImage
      />,
    );
    expect(await screen.findByText("This post needs an image.")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("tab", { name: "Library" }));
    const use = screen.getByRole("button", { name: "Use image" });
    expect(use).toHaveAttribute("aria-disabled", "true");
    await userEvent.click(await screen.findByRole("option", { name: /two\.jpg/ }));
    await userEvent.click(use);
    expect(chosen.map(([url, { filename }]) => [url, filename])).toEqual([[three[1]?.["url"], "two.jpg"]]);
    expect(open).toBe(false);
  });

  it("shows nothing while it is closed", () => {
    new Server();
    show(<ImageSelector businessId={1} isOpen={false} onClose={() => undefined} onSelectImage={() => undefined} requireImage={false} />);
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});
