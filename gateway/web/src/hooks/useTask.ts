import { useCallback, useEffect, useRef, useState } from "react";
import { asFailure, isAbort, type Failure } from "../failure";

export interface Busy {
  /** What is going on and how far, in words. */
  text: string;
  percent: number;
  stop: () => void;
}

export interface Task {
  signal: AbortSignal;
  /** Shows how far it is; work that never says it is over in a moment and is not shown. */
  say: (text: string, done: number, of: number) => void;
}

/** Runs work that a person started: its progress, the way to stop it, and what went wrong. */
export function useTask() {
  const [busy, setBusy] = useState<Busy | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const running = useRef(new Set<AbortController>());
  const ends = useRef(new Set<AbortController>());
  useEffect(() => {
    const all = ends.current;
    return () => {
      for (const one of all) one.abort();
    };
  }, []);
  /** `fleeting` work is of no use without the component and ends with it; all other work goes on. */
  const run = useCallback(async (work: (task: Task) => Promise<void>, fleeting = false): Promise<void> => {
    const control = new AbortController();
    running.current.add(control);
    if (fleeting) ends.current.add(control);
    setFailure(null);
    const say: Task["say"] = (text, done, of) => setBusy({ text, percent: (done / of) * 100, stop: () => control.abort() });
    try {
      await work({ signal: control.signal, say });
    } catch (thrown) {
      if (!isAbort(thrown)) setFailure(asFailure(thrown));
    } finally {
      running.current.delete(control);
      if (running.current.size === 0) setBusy(null);
    }
  }, []);
  return { busy, failure, run };
}
