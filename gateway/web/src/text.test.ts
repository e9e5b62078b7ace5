import { describe, expect, it } from "vitest";
import { beginning, lengthOf } from "./text";

describe("text", () => {
  it("is counted as the API counts it", () => {
    expect(["", "fox", "🦊", "👩‍👩‍👧", "e\u0301"].map(lengthOf)).toEqual([0, 3, 1, 5, 2]);
  });

  it("is never cut inside of a character", () => {
    expect(beginning("🦊🦊🦊", 2)).toBe("🦊🦊");
    expect(beginning("fox", 10)).toBe("fox");
  });
});
