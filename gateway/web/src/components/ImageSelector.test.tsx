import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { image, page } from "../../test/factory";
import { json, Server, show } from "../../test/server";
import { ImageSelector, type ImageSelectorProps } from "./ImageSelector";

const wide = image({
  filename: "wide.jpg",
  width: 3000,
  height: 1000,
  instagram: { valid: false, publishable_as_is: false, warnings: ["Its shape is outside."] },
});
const square = image({ filename: "square.jpg" });
const server = (): Server => new Server().on("GET ", () => json(page([wide, square])));

const select = (more: Partial<ImageSelectorProps> = {}) => {
  const used: string[] = [];
  const shown = show(
    <ImageSelector
      businessId={1}
      isOpen
      onClose={() => undefined}
      onSelectImage={(_url, { filename }) => used.push(filename)}
      initialTab="library"
      {...more}
    />,
  );
  return { used, ...shown };
};
const tile = async (name: RegExp): Promise<HTMLElement> => screen.findByRole("option", { name });
const primary = (): HTMLElement => screen.getByRole("button", { name: /^Use (image|\d)/ });

describe("ImageSelector", () => {
  it("says why nothing can be used yet", async () => {
    server();
    select({ note: "It was deleted meanwhile." });
    expect(await screen.findByText("It was deleted meanwhile.")).toBeInTheDocument();
    expect(primary()).toHaveAttribute("aria-disabled", "true");
    expect(primary()).toHaveAccessibleDescription("Choose an image first");
  });

  it("shows an image that a platform does not take, and uses only a copy that fits", async () => {
    server().on(`POST /${String(wide["id"])}/derivatives`, () => json(image({ filename: "fitting.jpg" }), 201));
    const { used } = select({ platforms: ["instagram"] });
    await userEvent.dblClick(await tile(/wide/));
    expect(used).toEqual([]);
    expect(primary()).toHaveAccessibleDescription("Not for Instagram yet");
    await userEvent.click(primary());
    expect(used).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "Crop it to fit" }));
    await waitFor(() => expect(primary()).toHaveFocus());
    await userEvent.click(primary());
    expect(used).toEqual(["fitting.jpg"]);
  });

  it("lets a single platform be named, and uses what it takes at a double click", async () => {
    server();
    const { used } = select({ platform: "instagram" });
    await userEvent.dblClick(await tile(/square/));
    expect(used).toEqual(["square.jpg"]);
  });

  it("asks every other platform about what is chosen, and waits for the answer", async () => {
    let answer: (response: Response) => void = () => undefined;
    const verdict = { valid: false, publishable_as_is: false, checks: [], warnings: ["It is too small."], fix: null };
    server().on("POST /validate", () => new Promise((resolve) => (answer = resolve)));
    const { used } = select({ platforms: ["instagram", "linkedin"] });
    await userEvent.click(await tile(/square/));
    expect(primary()).toHaveAccessibleDescription("Checking…");
    answer(json({ verdicts: [verdict] }));
    expect(await screen.findByText("It is too small. Choose another image.")).toBeInTheDocument();
    expect(primary()).toHaveAccessibleDescription("Not for LinkedIn yet");
    await userEvent.click(primary());
    expect(used).toEqual([]);
  });

  it("asks for an alt text where one is required", async () => {
    server().on(`PATCH /${String(square["id"])}`, ({ body }) => json({ ...square, ...body }));
    const { used } = select({ requireAltText: true });
    await userEvent.click(await tile(/square/));
    expect(primary()).toHaveAccessibleDescription("Describe square.jpg, or say that it is decorative");
    await userEvent.type(screen.getByRole("textbox", { name: "Alt text" }), "A square");
    await userEvent.tab();
    await waitFor(() => expect(primary()).not.toHaveAttribute("aria-disabled"));
    await userEvent.click(primary());
    expect(used).toEqual(["square.jpg"]);
  });

  it("opens the tab that is asked for, else the one of last time", async () => {
    server();
    const first = select({ initialTab: "upload" });
    await userEvent.click(await screen.findByRole("tab", { name: "Generate" }));
    first.unmount();
    const second = show(<ImageSelector businessId={1} isOpen onClose={() => undefined} onSelectImage={() => undefined} />);
    expect(await screen.findByRole("tab", { name: "Generate" })).toHaveAttribute("aria-selected", "true");
    second.unmount();
    localStorage.setItem("darkroom:tab", '"attic"');
    show(<ImageSelector businessId={1} isOpen onClose={() => undefined} onSelectImage={() => undefined} />);
    expect(await screen.findByRole("tab", { name: "Upload" })).toHaveAttribute("aria-selected", "true");
  });

  it("asks nothing for a tab that nobody opened, and keeps what was begun in one", async () => {
    const asked = server();
    select({ initialTab: "upload" });
    expect(await screen.findByRole("button", { name: "Choose files" })).toBeInTheDocument();
    expect(asked.calls("GET /generate/sizes")).toEqual([]);
    const files = [new File([], "empty.png")];
    fireEvent.change(document.querySelector("input[type=file]") as HTMLInputElement, { target: { files } });
    await screen.findByText("The file is empty.");
    await userEvent.click(screen.getByRole("tab", { name: "Library" }));
    await tile(/wide/);
    await userEvent.click(screen.getByRole("tab", { name: "Upload" }));
    expect(screen.getByText("The file is empty.")).toBeVisible();
  });
});
