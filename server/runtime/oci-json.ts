/** RLIM_INFINITY of setrlimit(2), which is a whole number of 64 bits and as such none of JavaScript's. */
const unlimited = '18446744073709551615';

/** The specification as the runtimes read it; `Infinity` is written as the number that means "unlimited" to setrlimit(2). */
export function stringifySpec(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (item === Infinity ? json.rawJSON(unlimited) : item));
}

/** The other way round. */
export function parseSpec(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => (typeof item === 'number' && item >= 2 ** 64 ? Infinity : item));
}

/** ECMAScript's JSON.rawJSON (proposal-json-parse-with-source), which the type library does not know yet. */
const json = JSON as typeof JSON & { rawJSON(text: string): unknown };
