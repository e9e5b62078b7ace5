import { useEffect, useState } from "react";

/** The time, once a second while `ticking` and the page is visible. */
export function useNow(ticking: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!ticking) return;
    const clock = setInterval(() => document.hidden || setNow(Date.now()), 1000);
    return () => clearInterval(clock);
  }, [ticking]);
  return now;
}
