import { act, fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { image } from "../../test/factory";
import { Server, show } from "../../test/server";
import { ImageUploader } from "./ImageUploader";

const JPEG = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0]);

/** XMLHttpRequest as far as an upload needs it; each request waits for the test to move it on. */
class Sent {
  static all: Sent[] = [];
  upload: { onprogress?: (event: { loaded: number; total: number }) => void; onload?: (event: { total: number }) => void } = {};
  onload?: () => void;
  onabort?: () => void;
  onerror?: () => void;
  onloadend?: () => void;
  headers: Record<string, string> = {};
  status = 0;
  responseText = "";
  answerHeaders: Record<string, string> = {};
  open(): void {}
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }
  getResponseHeader(name: string): string | null {
    return this.answerHeaders[name] ?? null;
  }
  send(): void {
    Sent.all.push(this);
  }
  abort(): void {
    this.onabort?.();
  }
  answer(status: number, body: unknown, headers: Record<string, string> = {}): void {
    Object.assign(this, { status, responseText: JSON.stringify(body), answerHeaders: headers });
    this.upload.onload?.({ total: 100 });
    this.onload?.();
    this.onloadend?.();
  }
}

const choose = async (...files: File[]): Promise<void> => {
  fireEvent.change(document.querySelector("input[type=file]") as HTMLInputElement, { target: { files } });
  await vi.waitFor(() => expect(screen.getAllByRole("listitem").length).toBeGreaterThan(0));
};
const sent = async (index = 0): Promise<Sent> => vi.waitFor(() => Sent.all[index] ?? Promise.reject(new Error("nothing was sent")));

describe("ImageUploader", () => {
  beforeEach(() => {
    Sent.all = [];
    new Server();
    vi.stubGlobal("XMLHttpRequest", Sent);
  });

  it("shows the bytes on their way, then the server's work, then the picture", async () => {
    const uploaded = vi.fn();
    show(<ImageUploader businessId={1} onUploaded={uploaded} />);
    await choose(new File([JPEG], "fox.jpg"));
    const request = await sent();
    request.upload.onprogress?.({ loaded: 40, total: 100 });
    await vi.waitFor(() => expect(screen.getByRole("progressbar", { name: "Upload of fox.jpg" })).toHaveAttribute("aria-valuenow", "40"));
    request.upload.onload?.({ total: 100 });
    expect(await screen.findByText("Checking and storing the picture")).toBeInTheDocument();
    request.answer(201, image({ id: "stored" }));
    expect(await screen.findByText("Uploaded")).toBeInTheDocument();
    expect(uploaded).toHaveBeenCalledTimes(1);
    expect(Sent.all).toHaveLength(1);
  });

  it("names every file that is not taken, with its reason, and sends the others", async () => {
    show(<ImageUploader businessId={1} />);
    await choose(new File(["words"], "notes.jpg"), new File([], "empty.png"), new File([JPEG], "fox.jpg"));
    expect(await screen.findByText("This is not a JPEG, PNG or WebP picture, whatever its name says.")).toBeInTheDocument();
    expect(screen.getByText("The file is empty.")).toBeInTheDocument();
    await sent();
    expect(Sent.all).toHaveLength(1);
  });

  it("stops one file, and tries it again with the same key", async () => {
    show(<ImageUploader businessId={1} />);
    await choose(new File([JPEG], "fox.jpg"));
    await sent();
    await userEvent.click(screen.getByRole("button", { name: "Cancel fox.jpg" }));
    expect(await screen.findByText("Canceled")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Try fox.jpg again" }));
    const again = await sent(1);
    expect(again.headers["Idempotency-Key"]).toBe(Sent.all[0]?.headers["Idempotency-Key"]);
  });

  it("offers the picture that is there already", async () => {
    const used = vi.fn();
    show(<ImageUploader businessId={1} onUse={used} />);
    await choose(new File([JPEG], "fox.jpg"));
    (await sent()).answer(200, image({ id: "there" }), { "X-Deduplicated": "true" });
    await userEvent.click(await screen.findByRole("button", { name: "Use that one" }));
    expect(used).toHaveBeenCalledWith(expect.objectContaining({ id: "there" }));
  });

  it("says what the server refused", async () => {
    show(<ImageUploader businessId={1} />);
    await choose(new File([JPEG], "fox.jpg"));
    (await sent()).answer(422, { code: "invalid_image", title: "x", detail: "y", request_id: "request-77" });
    expect(await screen.findByText("The picture cannot be read")).toBeInTheDocument();
    expect(screen.getByText(/request-77/)).toBeInTheDocument();
  });

  it("does not take the same file twice", async () => {
    show(<ImageUploader businessId={1} />);
    const file = new File([JPEG], "fox.jpg", { lastModified: 5 });
    await choose(file);
    await sent();
    await choose(new File([JPEG], "fox.jpg", { lastModified: 5 }));
    expect(await screen.findByText("This file is in the list already.")).toBeInTheDocument();
  });

  it("waits while there is no connection, and goes on with the same key when it is back", async () => {
    show(<ImageUploader businessId={1} />);
    await choose(new File([JPEG], "fox.jpg"));
    const first = await sent();
    const online = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    first.onerror?.();
    expect(await screen.findByText("You are offline. It goes on when the connection is back.")).toBeInTheDocument();
    expect(Sent.all).toHaveLength(1);
    online.mockRestore();
    fireEvent(window, new Event("online"));
    const again = await sent(1);
    expect(again.headers["Idempotency-Key"]).toBe(first.headers["Idempotency-Key"]);
    again.answer(201, image());
    expect(await screen.findByText("Uploaded")).toBeInTheDocument();
  });

  it("says so when nothing moves for 15 seconds, and takes it back when it does", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
    try {
      show(<ImageUploader businessId={1} />);
      await choose(new File([JPEG], "fox.jpg"));
      const request = await sent();
      act(() => request.upload.onprogress?.({ loaded: 10, total: 100 }));
      act(() => vi.advanceTimersByTime(14_000));
      expect(screen.queryByText("No progress for 15 seconds. Still trying.")).toBeNull();
      act(() => vi.advanceTimersByTime(2000));
      expect(screen.getByText("No progress for 15 seconds. Still trying.")).toBeInTheDocument();
      act(() => request.upload.onprogress?.({ loaded: 20, total: 100 }));
      expect(screen.queryByText("No progress for 15 seconds. Still trying.")).toBeNull();
    } finally {
      vi.useRealTimers();
    }
  });

  it("does not let a file that misses the place take the page away", () => {
    show(<ImageUploader businessId={1} />);
    const files = { files: [new File([JPEG], "fox.jpg")], types: ["Files"], items: [] };
    expect(fireEvent.dragOver(document.body, { dataTransfer: files })).toBe(false);
    expect(fireEvent.drop(document.body, { dataTransfer: files })).toBe(false);
    expect(screen.queryByRole("listitem")).toBeNull();
  });

  it("counts what is dragged over it, and refuses what is no picture", async () => {
    show(<ImageUploader businessId={1} />);
    const place = screen.getByRole("region", { name: "Upload pictures" });
    const drag = (...types: string[]) => ({
      dataTransfer: { types: ["Files"], files: [], items: types.map((type) => ({ kind: "file", type, getAsFile: () => null })) },
    });
    fireEvent.dragEnter(place, drag("image/png", "image/jpeg"));
    expect(await screen.findByText("Drop to add 2 files")).toBeInTheDocument();
    fireEvent.dragLeave(place, drag());
    fireEvent.dragEnter(place, drag("application/pdf"));
    expect(await screen.findByText("Only JPEG, PNG and WebP pictures")).toBeInTheDocument();
  });

  it("lets what was refused for now be tried again when the server said, with the same key", async () => {
    show(<ImageUploader businessId={1} />);
    await choose(new File([JPEG], "fox.jpg"));
    (await sent()).answer(429, { code: "rate_limited", retryable: true }, { "Retry-After": "1" });
    expect(await screen.findByRole("button", { name: "Try again in 1 sec: fox.jpg" })).toHaveAttribute("aria-disabled", "true");
    await userEvent.click(await screen.findByRole("button", { name: "Try again: fox.jpg" }, { timeout: 3000 }));
    expect((await sent(1)).headers["Idempotency-Key"]).toBe(Sent.all[0]?.headers["Idempotency-Key"]);
  });

  it("asks before the page is left while files are sent, and not after", async () => {
    show(<ImageUploader businessId={1} />);
    await choose(new File([JPEG], "fox.jpg"));
    const request = await sent();
    expect(fireEvent(window, new Event("beforeunload", { cancelable: true }))).toBe(false);
    request.answer(201, image());
    await screen.findByText("Uploaded");
    expect(fireEvent(window, new Event("beforeunload", { cancelable: true }))).toBe(true);
  });

  it("leads on when what was pressed is gone", async () => {
    show(<ImageUploader businessId={1} />);
    await choose(new File([], "a.png"), new File([], "b.png"));
    await screen.findAllByText("The file is empty.");
    await userEvent.click(screen.getByRole("button", { name: "Remove a.png from this list" }));
    expect(screen.getByRole("button", { name: "Remove b.png from this list" })).toHaveFocus();
    await userEvent.click(screen.getByRole("button", { name: "Clear the finished" }));
    expect(screen.getByRole("button", { name: "Choose files" })).toHaveFocus();
  });
});
