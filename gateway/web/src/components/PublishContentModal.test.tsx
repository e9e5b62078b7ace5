import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { failed, image, job, page } from "../../test/factory";
import { json, problem, Server, show } from "../../test/server";
import type { Image, Publication } from "../types";
import { PublishContentModal, type PublishContentModalProps } from "./PublishContentModal";

const wide = image({
  filename: "wide.jpg",
  width: 3000,
  height: 1000,
  instagram: { valid: false, publishable_as_is: false, warnings: ["Its shape is outside."] },
});
const square = image({ filename: "square.jpg", alt_text: "a square" });
const other = image({ filename: "other.jpg", source: "ai_generated" });
/** As a host has it that got it from us. */
const used = (wire: Record<string, unknown>): Image => {
  const { valid, publishable_as_is: publishableAsIs, warnings } = wire["instagram"] as Record<string, unknown>;
  const instagram = { valid, publishableAsIs, warnings };
  return { ...wire, thumbnailUrl: wire["thumbnail_url"], altText: wire["alt_text"], deletedAt: null, instagram } as unknown as Image;
};
const verdict = (more: object = {}): object => ({ valid: true, publishable_as_is: true, checks: [], warnings: [], fix: null, ...more });

const post = (more: Partial<PublishContentModalProps> = {}) =>
  show(<PublishContentModal businessId={1} isOpen onClose={() => undefined} onPublish={() => undefined} {...more} />);
/** Everything may be attached; what is, is in the answer's set as `image post`. */
const server = (): { server: Server; attached: Set<string> } => {
  const attached = new Set<string>();
  const all = [wide, square, other];
  const of = (path: string) => all.find(({ id }) => path.startsWith(`/${String(id)}`));
  const name = (path: string): string => path.slice(1).replace("/posts/", " ");
  const running = new Server()
    .on("GET ", () => json(page(all)))
    .on("POST /validate", () => json({ verdicts: [verdict()] }))
    .on("PUT /*/posts/*", ({ path }) => {
      attached.add(name(path));
      return json({ ...of(path), used_in: 1 });
    })
    .on("DELETE /*/posts/*", ({ path }) => {
      attached.delete(name(path));
      return json(of(path));
    });
  return { server: running, attached };
};
const press = async (name: string): Promise<void> => userEvent.click(await screen.findByRole("button", { name }));

describe("PublishContentModal", () => {
  it("opens the selector when Instagram is chosen without an image", async () => {
    server();
    post();
    await userEvent.click(await screen.findByRole("radio", { name: "Instagram" }));
    expect(await screen.findByRole("dialog", { name: "Choose an image" })).toBeInTheDocument();
  });

  it("explains why it does not publish, and leads there", async () => {
    server();
    const onPublish = vi.fn();
    post({ initialPlatform: "instagram", onPublish });
    await userEvent.click(await screen.findByRole("button", { name: "Publish" }));
    expect(screen.getByRole("button", { name: "Add image" })).toHaveFocus();
    expect(screen.getByRole("button", { name: "Publish" })).toHaveAccessibleDescription("Instagram posts need an image.");
    expect(onPublish).not.toHaveBeenCalled();
  });

  it("does not let an image pass that Instagram refuses, and replaces it by a copy at one click", async () => {
    server().server.on(`POST /${String(wide["id"])}/derivatives`, ({ body }) =>
      json(image({ filename: `${String(body["preset"])}.jpg`, parent_id: wide["id"] }), 201),
    );
    post({ initialPlatform: "instagram", initialImages: [used(wide)] });
    const publish = await screen.findByRole("button", { name: "Publish" });
    expect(publish).toHaveAccessibleDescription("Instagram does not take this image as it is.");
    await userEvent.click(publish);
    expect(screen.getByRole("button", { name: "Crop it to fit" })).toHaveFocus();
    await userEvent.click(screen.getByRole("button", { name: "Add borders to fit" }));
    expect(await screen.findByText("instagram_191x100.jpg")).toBeInTheDocument();
    await waitFor(() => expect(publish).toHaveAccessibleDescription(""));
    expect(screen.getByRole("button", { name: "Remove instagram_191x100.jpg" })).toHaveFocus();
  });

  it("hands the host the text and the images in their order, and keeps both over a change of platform", async () => {
    server();
    const sent: Publication[] = [];
    const onClose = vi.fn();
    post({ initialImages: [used(square), used(other)], onClose, onPublish: (publication) => void sent.push(publication) });
    await userEvent.type(await screen.findByRole("textbox", { name: "Text" }), "Hello");
    await press("Move other.jpg earlier");
    expect(screen.getByRole("button", { name: "Move other.jpg earlier" })).toHaveFocus();
    expect(screen.getByText("other.jpg is now 1 of 2")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("radio", { name: "X" }));
    await userEvent.click(screen.getByRole("button", { name: "Publish" }));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(sent).toEqual([
      {
        postId: expect.stringMatching(/^[0-9a-f]{32}$/),
        platform: "x",
        text: "Hello",
        images: [
          { id: other["id"], url: other["url"], altText: null, aiGenerated: true },
          { id: square["id"], url: square["url"], altText: "a square", aiGenerated: false },
        ],
      },
    ]);
  });

  it("stays open and says so when the host could not publish", async () => {
    server();
    post({ initialText: "Hello", onPublish: () => Promise.reject(new Error("The network is full.")) });
    await userEvent.click(await screen.findByRole("button", { name: "Publish" }));
    expect(await within(await screen.findByRole("dialog")).findByText("The network is full.")).toBeInTheDocument();
  });

  it("shows also what a host says that throws no error", async () => {
    server();
    post({ initialText: "Hello", onPublish: () => Promise.reject("The network is full.") });
    await press("Publish");
    expect(await screen.findByText("The network is full.")).toBeInTheDocument();
  });

  it("publishes what was there when it was pressed, and once, whatever is changed meanwhile", async () => {
    const { attached } = server();
    let fail: (thrown: Error) => void = () => undefined;
    const sent: string[][] = [];
    const onPublish = ({ images }: Publication): Promise<void> => {
      sent.push(images.map(({ id }) => id));
      return new Promise((_resolve, reject) => (fail = reject));
    };
    post({ initialImages: [used(square), used(other)], onPublish });
    await press("Publish");
    await waitFor(() => expect(sent).toEqual([[square["id"], other["id"]]]));
    await press("Remove other.jpg");
    await userEvent.click(screen.getByRole("button", { name: "Publishing…" }));
    expect(attached.size).toBe(2);
    fail(new Error("The network is full."));
    expect(await screen.findByText("The network is full.")).toBeInTheDocument();
    await waitFor(() => expect(attached.size).toBe(1));
    expect(sent).toHaveLength(1);
  });

  it("says in the image field's name that one is required, and ties the message to what has to be pressed", async () => {
    server();
    post({ initialPlatform: "instagram" });
    expect(await screen.findByRole("group", { name: "Image (required)" })).toHaveAccessibleDescription("Instagram posts need an image.");
    expect(screen.getByRole("button", { name: "Add image" })).toHaveAccessibleDescription("Instagram posts need an image.");
    await userEvent.click(screen.getByRole("radio", { name: "X" }));
    expect(screen.getByRole("group", { name: "Image" })).toBeInTheDocument();
    await press("Publish");
    expect(screen.getByRole("textbox", { name: "Text" })).toHaveFocus();
    expect(screen.getByRole("textbox", { name: "Text" })).toHaveAccessibleDescription("Write something or add an image.");
  });

  it("asks each platform anew, and offers a copy where that helps", async () => {
    const ratio = { code: "ratio", ok: false, severity: "error", message: "", fix: "" };
    const judged = { valid: false, publishable_as_is: false, warnings: ["LinkedIn may refuse it."] };
    let checks: object[] = [ratio];
    server().server.on("POST /validate", ({ body }) =>
      json({ verdicts: [String(body["platforms"]) === "linkedin" ? verdict({ ...judged, checks }) : verdict()] }),
    );
    const { unmount } = post({ initialPlatform: "x", initialImages: [used(square)] });
    await userEvent.click(await screen.findByRole("radio", { name: "LinkedIn" }));
    expect(await screen.findByText("Not for LinkedIn as it is")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Crop it to fit" })).toBeInTheDocument();
    await press("Publish");
    expect(screen.getByRole("button", { name: "Crop it to fit" })).toHaveFocus();
    await userEvent.click(screen.getByRole("radio", { name: "Facebook" }));
    await waitFor(() => expect(screen.queryByText("Not for LinkedIn as it is")).toBeNull());
    expect(screen.getByText("square.jpg")).toBeInTheDocument();
    unmount();
    checks = [{ ...ratio, code: "min_size" }];
    post({ initialPlatform: "linkedin", initialImages: [used(square)] });
    expect(await screen.findByText("LinkedIn may refuse it. Choose another image.")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Crop it to fit" })).toBeNull();
  });

  it("attaches every image before it publishes, and lets go of nothing that is out", async () => {
    const { server: running, attached } = server();
    const order: string[] = [];
    const onPublish = (): void => void order.push(...attached);
    const { unmount } = post({ postId: "post 7", initialText: "Hello", initialImages: [used(square), used(other)], onPublish });
    await press("Publish");
    const pinned = [square, other].map(({ id }) => `${String(id)} post%207`);
    await waitFor(() => expect(order).toEqual(pinned));
    expect(running.calls("PUT /*/posts/*").map(({ body }) => body)).toEqual([{ platform: "facebook" }, { platform: "facebook" }]);
    unmount();
    await waitFor(() => expect([...attached]).toEqual(pinned));
    expect(running.calls("DELETE /*/posts/*")).toEqual([]);
  });

  it("lets go of what it attached for nothing, when it leaves the post and when the dialog is closed", async () => {
    const { attached } = server();
    const onPublish = (): Promise<void> => Promise.reject(new Error("The network is full."));
    const { unmount } = post({ initialText: "Hello", initialImages: [used(square), used(other)], onPublish });
    await press("Publish");
    await screen.findByText("The network is full.");
    expect(attached.size).toBe(2);
    await press("Remove other.jpg");
    await waitFor(() => expect(attached.size).toBe(1));
    expect(screen.queryByText("The network is full.")).toBeNull();
    unmount();
    await waitFor(() => expect(attached.size).toBe(0));
  });

  it("keeps what the host's post showed before, until it is published without it", async () => {
    const { server: running, attached } = server();
    let full = true;
    const onPublish = (): Promise<void> => (full ? Promise.reject(new Error("The network is full.")) : Promise.resolve());
    attached.add(`${String(square["id"])} post-7`);
    const { unmount } = post({ postId: "post-7", initialText: "Hello", initialImages: [used(square)], onPublish });
    await press("Publish");
    await screen.findByText("The network is full.");
    await press("Remove square.jpg");
    expect(running.calls("DELETE /*/posts/*")).toEqual([]);
    full = false;
    await press("Publish");
    await waitFor(() => expect(attached.size).toBe(0));
    unmount();
    expect(running.calls("DELETE /*/posts/*")).toHaveLength(1);
  });

  it("takes out an image that was deleted meanwhile, says so, and opens the picker", async () => {
    const { server: running, attached } = server();
    running.on(`PUT /${String(other["id"])}/posts/*`, () => problem(409, "image_deleted"));
    const onPublish = vi.fn();
    post({ initialImages: [used(square), used(other)], onPublish });
    await press("Publish");
    const picker = await screen.findByRole("dialog", { name: "Choose an image" });
    expect(within(picker).getByText("other.jpg was deleted meanwhile. Choose another image.")).toBeInTheDocument();
    await userEvent.keyboard("{Escape}");
    expect(await screen.findAllByText("other.jpg was deleted meanwhile. Choose another image.")).not.toEqual([]);
    expect(screen.getByText("square.jpg")).toBeInTheDocument();
    expect(screen.queryByText("other.jpg")).toBeNull();
    expect(onPublish).not.toHaveBeenCalled();
    expect(attached.size).toBe(1);
  });

  it("shows the server's word where it knows better, with the way out", async () => {
    const { server: running } = server();
    running
      .on("PUT /*/posts/*", () => problem(422, "not_publishable", { warnings: ["Its shape is outside."] }))
      .on("POST /validate", () => json({ verdicts: [verdict({ valid: false, warnings: ["Its shape is outside."] })] }));
    const onPublish = vi.fn();
    post({ initialPlatform: "instagram", initialImages: [used(square)], onPublish });
    await press("Publish");
    await waitFor(() =>
      expect(screen.getAllByRole("alert").map(({ textContent }) => textContent)).toContain("This network does not take the picture"),
    );
    expect(screen.getByText("Not for Instagram as it is")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Add borders to fit" })).toBeInTheDocument();
    expect(onPublish).not.toHaveBeenCalled();
  });

  it("asks before it is closed while it publishes, and lets go only when that has failed", async () => {
    const { attached } = server();
    let fail: (thrown: Error) => void = () => undefined;
    const onClose = vi.fn();
    const onPublish = (): Promise<void> => new Promise((_resolve, reject) => (fail = reject));
    const { unmount } = post({ initialImages: [used(square)], onPublish, onClose });
    await press("Publish");
    await screen.findByRole("button", { name: "Publishing…" });
    await userEvent.keyboard("{Escape}");
    await userEvent.click(
      within(await screen.findByRole("alertdialog", { name: "The post is not out yet" })).getAllByRole("button", {
        name: "Close",
      })[0] as HTMLElement,
    );
    unmount();
    await waitFor(() => expect(attached.size).toBe(1));
    fail(new Error("The network is full."));
    await waitFor(() => expect(attached.size).toBe(0));
  });

  it("says why the awaited picture did not come", async () => {
    const { server: running } = server();
    let refused = false;
    running
      .on("GET /generate/jobs", () => json(page([job()])))
      .on("GET /generate/status/*", () => json(refused ? failed("content_policy", false) : job(), 200, { "Retry-After": "0.2" }));
    post({ initialText: "Hello" });
    await press("Use it for this post");
    await press("Publish when ready");
    refused = true;
    expect(await screen.findByText("The image service refused this description", {}, { timeout: 4000 })).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Publish" })).toBeInTheDocument();
  });
});
