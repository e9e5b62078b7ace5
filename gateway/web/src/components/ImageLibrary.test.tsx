import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it } from "vitest";
import { image, page } from "../../test/factory";
import { json, problem, Server, show } from "../../test/server";
import { useRefreshLibrary } from "../hooks/useLibrary";
import { english } from "../messages";
import { ImageLibrary } from "./ImageLibrary";
import { ImageSelector } from "./ImageSelector";
import type { Image } from "../types";

const three = [
  image({ filename: "one.jpg" }),
  image({ filename: "two.jpg", source: "ai_generated", alt_text: "a fox" }),
  image({ filename: "three.jpg" }),
];

const alertAround = (element: HTMLElement): HTMLElement => element.closest<HTMLElement>("[role=alert]") ?? document.body;

/** A library of so many pictures, which answers by page and by cursor as the real one does. */
function libraryOf(count: number, more: Record<string, unknown> = {}): { server: Server; all: Record<string, unknown>[] } {
  const { deleted_at = null, ...about } = more;
  const all = Array.from({ length: count }, (_, index) => image({ filename: `p${index + 1}.jpg`, deleted_at }));
  const server = new Server().on("GET ", ({ query }) => {
    const size = Number(query.get("page_size"));
    const from = query.has("cursor") ? Number(query.get("cursor")) : (Number(query.get("page") ?? 1) - 1) * size;
    const next = from + size < all.length ? String(from + size) : null;
    return json({ ...page(all.slice(from, from + size), all.length), next_cursor: next, page_size: size, ...about });
  });
  return { server, all };
}

/** Somebody else's upload. */
function Arrival() {
  const arrived = useRefreshLibrary(1);
  return (
    <button type="button" onClick={() => arrived([{ id: "newest" } as Image])}>
      arrive
    </button>
  );
}

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

  it("keeps businesses apart when a host changes from one to the other", async () => {
    new Server().on("GET ", ({ query }) => (query.get("business_id") === "1" ? json(page(three)) : new Promise(() => undefined)));
    const Host = () => {
      const [business, change] = useState(1);
      return (
        <>
          <button type="button" onClick={() => change(2)}>
            the other
          </button>
          <ImageLibrary businessId={business} />
        </>
      );
    };
    show(<Host />);
    (await screen.findAllByRole("option"))[0]?.focus();
    await userEvent.keyboard(" ");
    expect(screen.getByText("1 selected")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "the other" }));
    expect(screen.queryByRole("option")).toBeNull();
    expect(screen.queryByText("1 selected")).toBeNull();
  });

  it("brings a picture back when it could not be deleted, selected as it was", async () => {
    new Server().on("GET ", () => json(page(three))).on("DELETE /*", () => problem(503, "unavailable"));
    show(<ImageLibrary businessId={1} />);
    (await screen.findAllByRole("option"))[0]?.focus();
    await userEvent.keyboard(" {Delete}");
    expect(await screen.findByText("Darkroom is not ready")).toBeInTheDocument();
    expect(screen.getAllByRole("option")).toHaveLength(3);
    expect(screen.getByText("1 selected")).toBeInTheDocument();
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
    const told = within(await screen.findByText("1 picture was not deleted and is still selected.").then((title) => alertAround(title)));
    expect(told.getByText("one.jpg")).toBeInTheDocument();
    expect(told.getByText("It is not there any more")).toBeInTheDocument();
    expect(screen.getByText("1 selected")).toBeInTheDocument();
    expect(screen.getAllByRole("option", { selected: true }).map(({ dataset }) => dataset["id"])).toEqual([three[0]?.["id"]]);
  });

  it("adds the next pictures under the others, and goes on from the first new one", async () => {
    const { server } = libraryOf(45);
    show(<ImageLibrary businessId={1} />);
    await userEvent.click(await screen.findByRole("button", { name: "Load more" }));
    await waitFor(() => expect(screen.getAllByRole("option")).toHaveLength(40));
    expect(screen.getAllByRole("option")[20]).toHaveFocus();
    expect(screen.getByText("40 of 45 shown")).toBeInTheDocument();
    expect(screen.getByText("1–40 of 45")).toBeInTheDocument();
    await userEvent.keyboard(" {Shift>}{Home}{/Shift}");
    expect(screen.getByText("21 selected")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Next page" }));
    await waitFor(() => expect(screen.getByText("41–45 of 45")).toBeInTheDocument());
    expect(server.asked.at(-1)?.query.get("page")).toBe("3");
    expect(screen.queryByRole("button", { name: "Load more" })).toBeNull();
  });

  it("says why nothing was added, keeps what is there, and adds it the next time", async () => {
    const [first, second] = [image({ filename: "one.jpg" }), image({ filename: "two.jpg" })];
    let busy = true;
    new Server().on("GET ", ({ query }) => {
      if (!query.has("cursor")) return json(page([first], 2));
      return busy ? problem(429, "rate_limited") : json({ ...page([second], 2), next_cursor: null });
    });
    show(<ImageLibrary businessId={1} />);
    await userEvent.click(await screen.findByRole("button", { name: "Load more" }));
    expect(await screen.findByText(english.failures["rate_limited"]?.title ?? "")).toBeInTheDocument();
    expect(screen.getAllByRole("option")).toHaveLength(1);
    busy = false;
    await userEvent.click(screen.getByRole("button", { name: "Load more" }));
    await waitFor(() => expect(screen.getAllByRole("option")).toHaveLength(2));
  });

  it.each([
    ["a picker", false],
    ["the trash", true],
  ])("adds the next pictures in %s, with what was selected", async (_where, trash) => {
    const { server } = libraryOf(30, trash ? { deleted_at: "2026-11-22T12:00:00Z" } : {});
    const chosen: Image[][] = [];
    const Picker = () => {
      const [now, choose] = useState<Image[]>([]);
      chosen.push(now);
      return <ImageLibrary businessId={1} maxSelection={3} {...(trash ? {} : { chosen: now, onChoose: choose })} />;
    };
    show(<Picker />);
    if (trash) await userEvent.click(await screen.findByRole("button", { name: "Trash" }));
    (await screen.findAllByRole("option"))[0]?.focus();
    await userEvent.keyboard(" ");
    await userEvent.click(screen.getByRole("button", { name: "Load more" }));
    await waitFor(() => expect(screen.getAllByRole("option")).toHaveLength(30));
    await userEvent.keyboard(" ");
    const selected = screen.getAllByRole("option", { selected: true });
    expect(selected).toEqual([screen.getAllByRole("option")[0], screen.getAllByRole("option")[20]]);
    expect(server.asked.at(-1)?.query.get("trashed")).toBe(String(trash));
    if (!trash) expect(chosen.at(-1)?.map(({ filename }) => filename)).toEqual(["p1.jpg", "p21.jpg"]);
  });

  it("keeps all that was loaded when a picture arrives, and shows it when asked to", async () => {
    const { all } = libraryOf(30);
    show(
      <>
        <ImageLibrary businessId={1} />
        <Arrival />
      </>,
    );
    await userEvent.click(await screen.findByRole("button", { name: "Load more" }));
    await waitFor(() => expect(screen.getAllByRole("option")).toHaveLength(30));
    all.unshift(image({ id: "newest", filename: "newest.jpg" }));
    await userEvent.click(screen.getByRole("button", { name: "arrive" }));
    expect(screen.getAllByRole("option")).toHaveLength(30);
    await userEvent.click(await screen.findByRole("button", { name: "Show 1 new" }));
    await waitFor(() => expect(screen.getAllByRole("option")[0]).toHaveAccessibleName(/newest\.jpg/));
    expect(screen.getAllByRole("option")).toHaveLength(31);
    expect(screen.getAllByRole("option")[0]).toHaveFocus();
  });

  it("does not pretend to know how many there are, nor which page is the last", async () => {
    libraryOf(60, { total: 500, total_exact: false, pages: 25 });
    show(<ImageLibrary businessId={1} />);
    expect((await screen.findAllByText("500+ pictures"))[0]).toBeInTheDocument();
    expect(screen.getByText("1–20 of 500+")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: /^Last page/ })).toHaveAttribute("aria-disabled", "true");
    await userEvent.click(screen.getByRole("button", { name: "Next page" }));
    await screen.findByText("21–40 of 500+");
    await userEvent.click(screen.getByRole("button", { name: "Next page" }));
    await screen.findByText("41–60 of 500+");
    expect(screen.getByRole("button", { name: "Next page" })).toHaveAttribute("aria-disabled", "true");
  });

  it("selects all that match, in hundreds, and says where it stops", async () => {
    const { server } = libraryOf(720, { total: 500, total_exact: false });
    show(<ImageLibrary businessId={1} />);
    (await screen.findAllByRole("option"))[0]?.focus();
    await userEvent.keyboard(" ");
    await userEvent.click(screen.getByRole("button", { name: "Select the first 500" }));
    expect((await screen.findAllByText("The first 500 are selected")).length).toBeGreaterThan(0);
    const walked = server.calls("GET ").filter(({ query }) => query.get("page_size") === "100");
    expect(walked.map(({ query }) => query.get("cursor"))).toEqual([null, "100", "200", "300", "400"]);
  });

  it("selects nothing when selecting all is stopped", async () => {
    const { server, all } = libraryOf(300);
    show(<ImageLibrary businessId={1} />);
    (await screen.findAllByRole("option"))[0]?.focus();
    await userEvent.keyboard(" ");
    server.on("GET ", () => new Promise(() => undefined));
    await userEvent.click(screen.getByRole("button", { name: `Select all ${all.length}` }));
    await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.queryByRole("progressbar")).toBeNull());
    expect(screen.getByText("1 selected")).toBeInTheDocument();
  });

  it("asks before it deletes what a post shows, also where only the server knew", async () => {
    const mine = [image({ filename: "one.jpg", used_in: 2 }), image({ filename: "two.jpg" })];
    const server = new Server().on("GET ", () => json(page(mine)));
    server.on("DELETE /*", ({ query }) => (query.has("even_if_used") ? json(mine[1]) : problem(409, "image_in_use")));
    server.on(`GET /${String(mine[1]?.["id"])}`, () => json({ ...mine[1], used_in: 1 }));
    show(<ImageLibrary businessId={1} />);
    (await screen.findByRole("option", { name: /one\.jpg.*Used in 2 posts/ })).focus();
    await userEvent.keyboard("{Delete}");
    expect(await screen.findByRole("alertdialog", { name: "one.jpg is used in 2 posts" })).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    expect(server.calls("DELETE /*")).toHaveLength(0);
    await waitFor(() => expect(screen.getByRole("option", { name: /one\.jpg/ })).toHaveFocus());
    screen.getByRole("option", { name: /two\.jpg/ }).focus();
    await userEvent.keyboard("{Delete}");
    await userEvent.click(
      within(await screen.findByRole("alertdialog", { name: "two.jpg is used in a post" })).getByRole("button", {
        name: "Move to the trash all the same",
      }),
    );
    await waitFor(() => expect(server.calls("DELETE /*").map(({ query }) => query.get("even_if_used"))).toEqual([null, "true"]));
  });

  it("leaves those of many that posts show, says which, and deletes them all the same when told to", async () => {
    const mine = [image({ filename: "one.jpg", used_in: 2 }), image({ filename: "two.jpg" })];
    const server = new Server().on("GET ", () => json(page(mine)));
    server.on("POST /bulk-delete", ({ body }) =>
      json({
        results: mine
          .filter(({ id }) => (body["ids"] as unknown[]).includes(id))
          .map((one) => ({ id: one["id"], status: one["used_in"] ? "in_use" : "deleted", image: one })),
      }),
    );
    server.on("DELETE /*", () => json({ ...mine[0], deleted_at: "2026-11-25T00:00:00Z" }));
    show(<ImageLibrary businessId={1} />);
    (await screen.findAllByRole("option"))[0]?.focus();
    await userEvent.keyboard("{Control>}a{/Control}");
    await userEvent.click(screen.getByRole("button", { name: "Delete" }));
    const question = await screen.findByRole("alertdialog");
    expect(question).toHaveAccessibleDescription(/1 of them is used in a post and stays/);
    await userEvent.click(within(question).getByRole("button", { name: "Delete" }));
    const told = within(alertAround(await screen.findByText("Used in 2 posts", { selector: "li span" })));
    expect(told.getByText("one.jpg")).toBeInTheDocument();
    await userEvent.click(told.getByRole("button", { name: "Move it to the trash all the same" }));
    await waitFor(() => expect(server.calls("DELETE /*").at(-1)?.query.get("even_if_used")).toBe("true"));
  });

  it("brings many back in one request, and lists what could not be", async () => {
    const mine = [image({ filename: "one.jpg", deleted_at: "x" }), image({ filename: "two.jpg", deleted_at: "x" })];
    const server = new Server().on("GET ", ({ query }) => json(page(query.get("trashed") === "true" ? mine : [])));
    server.on("POST /bulk-restore", () =>
      json({
        results: mine.map((one, index) => ({
          id: one["id"],
          status: index ? "conflict" : "restored",
          image: { ...one, deleted_at: index ? "x" : null },
        })),
      }),
    );
    show(<ImageLibrary businessId={1} />);
    await userEvent.click(await screen.findByRole("button", { name: "Trash" }));
    (await screen.findAllByRole("option"))[0]?.focus();
    await userEvent.keyboard("{Control>}a{/Control}");
    await userEvent.click(screen.getByRole("button", { name: "Restore" }));
    const told = within(alertAround(await screen.findByText("1 picture was not restored.")));
    expect(told.getByText("two.jpg").parentElement).toHaveTextContent("The same picture was uploaded again meanwhile");
    expect(server.calls("POST /bulk-restore").map(({ body }) => body["ids"])).toEqual([mine.map(({ id }) => id)]);
    expect(screen.getByText("1 selected")).toBeInTheDocument();
  });

  it("keeps what was done when a later hundred fails", async () => {
    const { server, all } = libraryOf(150);
    server.on("POST /bulk-delete", ({ body }) => {
      const ids = body["ids"] as string[];
      if (ids.length < 100) return problem(503, "unavailable");
      return json({ results: ids.map((id) => ({ id, status: "deleted", image: null })) });
    });
    show(<ImageLibrary businessId={1} />);
    (await screen.findAllByRole("option"))[0]?.focus();
    await userEvent.keyboard(" ");
    await userEvent.click(screen.getByRole("button", { name: `Select all ${all.length}` }));
    await screen.findByText("150 selected", { selector: "strong" });
    await userEvent.click(screen.getByRole("button", { name: "Delete" }));
    await userEvent.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Delete" }));
    expect(await screen.findByText("Darkroom is not ready")).toBeInTheDocument();
    expect(screen.getByText("50 selected")).toBeInTheDocument();
    expect(screen.getByText("100 moved to the trash")).toBeInTheDocument();
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
