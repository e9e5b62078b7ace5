import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { image, page } from "../../test/factory";
import { json, Server, show } from "../../test/server";
import type { Image, Publication } from "../types";
import { PublishContentModal, type PublishContentModalProps } from "./PublishContentModal";

const wide = image({
  filename: "wide.jpg",
  width: 3000,
  height: 1000,
  instagram: { valid: false, publishable_as_is: false, warnings: ["Its shape is outside."] },
});
const square = image({ filename: "square.jpg", alt_text: "a square" });
const used = (wire: Record<string, unknown>): Image =>
  ({ ...wire, thumbnailUrl: wire["thumbnail_url"], altText: wire["alt_text"], deletedAt: null }) as unknown as Image;

const post = (more: Partial<PublishContentModalProps> = {}): void => {
  show(<PublishContentModal businessId={1} isOpen onClose={() => undefined} onPublish={() => undefined} {...more} />);
};
const server = (): Server =>
  new Server()
    .on("GET ", () => json(page([wide, square])))
    .on(`GET /${String(square["id"])}`, () => json(square))
    .on("POST /validate", () => json({ verdicts: [] }));

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
    server().on(`POST /${String(wide["id"])}/derivatives`, ({ body }) =>
      json(image({ filename: `${String(body["preset"])}.jpg`, parent_id: wide["id"] }), 201),
    );
    const misfit = { ...used(wide), instagram: { valid: false, publishableAsIs: false, warnings: ["Its shape is outside."] } };
    post({ initialPlatform: "instagram", initialImages: [misfit] });
    const publish = await screen.findByRole("button", { name: "Publish" });
    expect(publish).toHaveAccessibleDescription("Instagram does not take this shape.");
    await userEvent.click(screen.getByRole("button", { name: "Add borders to fit" }));
    expect(await screen.findByText("instagram_191x100.jpg")).toBeInTheDocument();
    await waitFor(() => expect(publish).toHaveAccessibleDescription(""));
  });

  it("hands the host the text and the images in their order, and keeps both over a change of platform", async () => {
    const other = image({ filename: "other.jpg", source: "ai_generated" });
    server().on(`GET /${String(other["id"])}`, () => json(other));
    const sent: Publication[] = [];
    const onClose = vi.fn();
    post({ initialImages: [used(square), used(other)], onClose, onPublish: (publication) => void sent.push(publication) });
    await userEvent.type(await screen.findByRole("textbox", { name: "Text" }), "Hello");
    await userEvent.click(screen.getByRole("button", { name: "Move other.jpg to the left" }));
    await userEvent.click(screen.getByRole("radio", { name: "X" }));
    await userEvent.click(screen.getByRole("button", { name: "Publish" }));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(sent).toEqual([
      {
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
});
