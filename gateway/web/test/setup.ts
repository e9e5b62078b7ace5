import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";

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
