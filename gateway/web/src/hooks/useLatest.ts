import { useEffect, useRef, type RefObject } from "react";

/** The value of the newest render, for what runs later than the render that made it. */
export function useLatest<Value>(value: Value): RefObject<Value> {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
