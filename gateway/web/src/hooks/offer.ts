/** What may be chosen, and what becomes of a choice that is no longer offered. Pure. */
import type { Catalogue, Choice, ModelOffer, SizeOffer } from "../types";

export interface Offer {
  model: ModelOffer;
  size: SizeOffer;
  quality: string;
  /** Models that can be chosen. */
  models: ModelOffer[];
  /** From the price list; null where it has none for this. */
  price: string | null;
  /** What was wished for and is no longer offered, with what replaces it. */
  fellBack: { was: string; now: string } | null;
}

/** The nearest offer to a wish; null where no model is left. */
export function settle(catalogue: Catalogue, wish: Partial<Choice>): Offer | null {
  const models = catalogue.models.filter(({ status }) => status !== "retired");
  const named = catalogue.models.find(({ model }) => model === wish.model);
  const model = available(catalogue, named ?? null) ?? models.find((offer) => offer.model === catalogue.defaultModel) ?? models[0];
  if (!model) return null;
  const size = model.sizes.find((offer) => offer.size === wish.size) ?? model.sizes.find((offer) => offer.default) ?? model.sizes[0];
  const quality = model.qualities.find((name) => name === wish.quality) ?? model.qualities[0];
  if (!size || !quality) return null;
  const fellBack =
    wish.model && wish.model !== model.model
      ? { was: named?.label ?? wish.model, now: model.label }
      : wish.size && wish.size !== size.size
        ? { was: wish.size, now: size.size }
        : wish.quality && wish.quality !== quality
          ? { was: wish.quality, now: quality }
          : null;
  return { model, size, quality, models, price: model.prices[size.size]?.[quality] ?? null, fellBack };
}

/** The model, or the first in its chain of replacements that is not retired. */
function available(catalogue: Catalogue, model: ModelOffer | null): ModelOffer | null {
  let found = model;
  for (let step = 0; found?.status === "retired" && step < catalogue.models.length; step++) {
    const { replacement } = found;
    found = catalogue.models.find((offer) => offer.model === replacement) ?? null;
  }
  return found?.status === "retired" ? null : found;
}

export const choiceOf = ({ model, size, quality }: Offer): Choice => ({ model: model.model, size: size.size, quality });
