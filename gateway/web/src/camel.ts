/** From the API's names, in snake case, to ours in camel case: the types, and the values. */
import type { components } from "./api.generated";

/** The shapes on the wire. */
export type Schemas = components["schemas"];

type CamelName<Name> = Name extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<CamelName<Rest>>}` : Name;

/** The shape that `read` makes of what the API sends. */
export type Camel<Value> = Value extends (infer Item)[]
  ? Camel<Item>[]
  : Value extends object
    ? { [Name in keyof Value as CamelName<Name>]: Camel<Value[Name]> }
    : Value;

/** JSON with its names in camel case; undefined where it is none. */
export function read(text: string): unknown {
  try {
    return camel(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()), camel(inner)]),
  );
}
