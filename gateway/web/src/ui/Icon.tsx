/** Line icons on a grid of 16, drawn in the colour of the text. Always beside words or with a label of their own. */
const PATHS = {
  upload: "M8 10.5V2.5M4.5 6 8 2.5 11.5 6M2.5 10.5v2a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-2",
  download: "M8 2.5v8M4.5 7 8 10.5 11.5 7M2.5 10.5v2a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-2",
  clip: "m12.8 7.6-5 5a3 3 0 0 1-4.3-4.3l5.2-5.2a2 2 0 0 1 2.9 2.9l-5.1 5.1a1 1 0 0 1-1.4-1.4l4.6-4.7",
  sparkle: "M7 2.5 8.4 6.1 12 7.5 8.4 8.9 7 12.5 5.6 8.9 2 7.5 5.6 6.1ZM12.5 10.5v3M11 12h3M12.5 2v2M11.5 3h2",
  library: "M2.5 3.5h4v4h-4zM9.5 3.5h4v4h-4zM2.5 10.5h4v3h-4zM9.5 10.5h4v3h-4z",
  close: "m4 4 8 8M12 4l-8 8",
  check: "m3 8.5 3.2 3.2L13 4.8",
  warning: "M8 2.5 14.2 13H1.8ZM8 6.5v3M8 11.3v.2",
  error: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 4.8v4M8 11v.2",
  info: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 7.2v4M8 5v.2",
  trash: "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.8 7v4M9.2 7v4",
  retry: "M13 8a5 5 0 1 1-1.5-3.6L13 5.8M13 2.5v3.3H9.7",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.4 10.4l3.1 3.1",
  left: "M9.8 3.5 5.3 8l4.5 4.5",
  right: "M6.2 3.5 10.7 8l-4.5 4.5",
  first: "M12 3.5 7.5 8l4.5 4.5M4 3.5v9",
  last: "M4 3.5 8.5 8 4 12.5M12 3.5v9",
  down: "m3.5 6 4.5 4.5L12.5 6",
  up: "m3.5 10.5 4.5-4.5 4.5 4.5",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  external: "M6.5 3.5h-4v10h10v-4M9 2.5h4.5V7M13.5 2.5 7.5 8.5",
  plus: "M8 3v10M3 8h10",
  instagram:
    "M5 2.5h6A2.5 2.5 0 0 1 13.5 5v6a2.5 2.5 0 0 1-2.5 2.5H5A2.5 2.5 0 0 1 2.5 11V5A2.5 2.5 0 0 1 5 2.5ZM8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5ZM11.2 4.8v.1",
  restore: "M3 8a5 5 0 1 0 1.5-3.6L3 5.8M3 2.5v3.3h3.3M8 5.5V8l1.8 1.2",
  image: "M2.5 3h11v10h-11zM2.5 10.5 6 7.5l3 2.5 2-1.5 2.5 2M10 5.8v.2",
} as const;

export type IconName = keyof typeof PATHS;

/** Those that mean a direction of reading: they are mirrored where that goes from right to left. */
const DIRECTED: ReadonlySet<IconName> = new Set(["left", "right", "first", "last"]);

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      data-directed={DIRECTED.has(name) || undefined}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
