/** Shapes as the API sends them, with names in snake case: the tests go through the real border. */

let number = 0;

type Wire = Record<string, unknown>;

export function image(more: Wire = {}): Wire {
  number += 1;
  return {
    id: `image-${number}`,
    business_id: 1,
    source: "uploaded",
    filename: `picture-${number}.jpg`,
    url: `https://store.example/image/upload/v1/${number}.jpg`,
    thumbnail_url: `https://store.example/image/upload/c_fill/v1/${number}.jpg`,
    width: 1024,
    height: 1024,
    format: "jpeg",
    bytes: 120_000,
    sha256: "00",
    alt_text: null,
    parent_id: null,
    generation: null,
    instagram: { valid: true, publishable_as_is: true, warnings: [] },
    used_in: 0,
    created_at: "2026-11-22T12:00:00Z",
    deleted_at: null,
    purge_after: null,
    ...more,
  };
}

export function job(more: Wire = {}): Wire {
  return {
    job_id: "job-1",
    business_id: 1,
    status: "queued",
    stage: "waiting",
    prompt: "a red fox",
    model: "model-a",
    size: "1024x1024",
    quality: "standard",
    attempt: 0,
    queue: { position: 2, eta_seconds: 20, waiting_for: null },
    eta_seconds: 20,
    cost: { estimated_usd: "0.0527", actual_usd: null, charged: null },
    image: null,
    error: null,
    cancel_requested: false,
    created_at: "2026-11-22T12:00:00Z",
    started_at: null,
    finished_at: null,
    ...more,
  };
}

export const failed = (code: string, charged: boolean | "unknown", retryable = false): Wire =>
  job({
    status: "failed",
    stage: "done",
    queue: null,
    cost: { estimated_usd: "0.0527", actual_usd: null, charged },
    error: { code, detail: "the vendor's own words", retryable, charged },
  });

export const page = (items: Wire[], total = items.length): Wire => ({
  items,
  total,
  total_exact: true,
  page: 1,
  page_size: 20,
  pages: Math.ceil(total / 20),
  next_cursor: total > items.length ? "next" : null,
});

const size = (name: string, label: string, ready: boolean, first = false): Wire => {
  const [width, height] = name.split("x").map(Number);
  return { size: name, width, height, ratio: "1:1", label, instagram_ready: ready, default: first };
};

export const model = (name: string, more: Wire = {}): Wire => ({
  model: name,
  label: name.toUpperCase(),
  status: "active",
  shutdown_date: null,
  replacement: null,
  exact_prices: false,
  sizes: [size("1024x1024", "Square", true, true), size("1024x1792", "Tall", false)],
  qualities: ["standard", "hd"],
  max_prompt_characters: 1000,
  prices: { "1024x1024": { standard: "0.0527", hd: "0.2100" }, "1024x1792": { standard: "0.0373", hd: "0.0681" } },
  ...more,
});

export const catalogue = (models: Wire[] = [model("model-a")], chosen = "model-a"): Wire => ({
  models,
  default_model: chosen,
  catalogue_version: "test",
});

export const estimate = (more: Wire = {}): Wire => ({
  model: "model-a",
  size: "1024x1024",
  quality: "standard",
  unit_cost_usd: "0.0527",
  total_cost_usd: "0.0527",
  count: 1,
  exact: false,
  price_list_version: "test",
  budget: null,
  alternatives: [],
  ...more,
});

export const budget = (left: string): Wire => ({
  limit_usd: "1",
  spent_usd: "0.5",
  reserved_usd: "0",
  unknown_usd: "0",
  left_usd: left,
  resets_at: "2026-12-01T12:00:00Z",
});
