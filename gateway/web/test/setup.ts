import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";

// A second is soon over on a machine with much to do.
configure({ asyncUtilTimeout: 15_000 });

// What jsdom lacks. Files have previews without bytes; pictures cannot be decoded here, which is for the server to judge then.
URL.createObjectURL = () => "blob:preview";
URL.revokeObjectURL = () => undefined;
HTMLImageElement.prototype.decode = () => Promise.reject(new Error("jsdom decodes nothing"));
Element.prototype.scrollIntoView = () => undefined;
globalThis.ResizeObserver = class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};

beforeEach(() => localStorage.clear());

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});
