import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { image, page } from "../../test/factory";
import { json, problem, Server, show } from "../../test/server";
import { useLibrary, type Outcome } from "../index";

/** A library of a host's own, as plain as can be. */
function Own({ tell }: { tell: (outcome: Outcome) => void }) {
  const library = useLibrary(1);
  return (
    <>
      <p>{library.pending ? "…" : `${library.items.length} of ${library.span.total}`}</p>
      <ul>
        {library.items.map((one) => (
          <li key={one.id}>
            <button type="button" onClick={() => void library.remove([one]).then(tell)}>
              {one.filename}
            </button>
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => void library.loadMore()}>
        more
      </button>
      <button type="button" onClick={() => void library.restore(library.items).then(tell)}>
        restore all
      </button>
    </>
  );
}

describe("useLibrary", () => {
  it("is all that a host needs for a library of its own", async () => {
    const [one, two] = [image({ filename: "one.jpg" }), image({ filename: "two.jpg" })];
    const server = new Server().on("GET ", ({ query }) =>
      json(query.has("cursor") ? { ...page([two], 2), next_cursor: null } : { ...page([one], 2), next_cursor: "after-one" }),
    );
    let answer: () => void = () => undefined;
    server.on("DELETE /*", () => new Promise((resolve) => (answer = () => resolve(problem(409, "image_in_use")))));
    server.on(`GET /${String(one["id"])}`, () => json({ ...one, used_in: 3 }));
    const told: Outcome[] = [];
    show(<Own tell={(outcome) => told.push(outcome)} />);
    expect(await screen.findByText("1 of 2")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "more" }));
    expect(await screen.findByText("2 of 2")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "one.jpg" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: "one.jpg" })).toBeNull());
    answer();
    expect(await screen.findByRole("button", { name: "one.jpg" })).toBeInTheDocument();
    expect(told.map(({ done, left, failure }) => [done.length, left[0]?.reason, left[0]?.image.usedIn, failure])).toEqual([
      [0, "in_use", 3, null],
    ]);
  });

  it("says what a failed request left undone instead of rejecting", async () => {
    new Server().on("GET ", () => json(page([image()]))).on("POST /bulk-restore", () => problem(503, "unavailable"));
    const told: Outcome[] = [];
    show(<Own tell={(outcome) => told.push(outcome)} />);
    await screen.findByText("1 of 1");
    await userEvent.click(screen.getByRole("button", { name: "restore all" }));
    await waitFor(() => expect(told[0]?.failure?.code).toBe("unavailable"));
    expect([told[0]?.done, told[0]?.left]).toEqual([[], []]);
  });
});
