/** Small values that outlive the page, shared by all tabs through localStorage. Where there is none, they live as long as the page. */
import { useCallback, useSyncExternalStore } from "react";

const PREFIX = "darkroom:";
const memory = new Map<string, string>();
const parsed = new Map<string, { text: string; value: unknown }>();
const listeners = new Set<() => void>();

function readText(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return memory.get(name) ?? null;
  }
}

function writeText(name: string, text: string): void {
  try {
    localStorage.setItem(PREFIX + name, text);
  } catch {
    memory.set(name, text);
  }
}

/** The stored value, the very same object until it changes; the fallback where there is none or it cannot be read. */
export function readStored<T>(name: string, fallback: T): T {
  const text = readText(name);
  if (text === null) return fallback;
  const known = parsed.get(name);
  if (known?.text === text) return known.value as T;
  try {
    const value = JSON.parse(text) as T;
    parsed.set(name, { text, value });
    return value;
  } catch {
    return fallback;
  }
}

export function writeStored<T>(name: string, value: T): void {
  writeText(name, JSON.stringify(value));
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

/** `fallback` must be a constant: it is compared by identity. */
export function useStored<T>(name: string, fallback: T): [T, (change: (now: T) => T) => void] {
  const value = useSyncExternalStore(
    subscribe,
    () => readStored(name, fallback),
    () => fallback,
  );
  const change = useCallback((by: (now: T) => T) => writeStored(name, by(readStored(name, fallback))), [name, fallback]);
  return [value, change];
}
