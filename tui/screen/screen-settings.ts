import { Failure } from '../client/failure.ts';
import { type ThemeName, themeNames } from './frame/theme.ts';
import type { Bindings } from './keys/bindings.ts';
import { readBindings } from './keys/read-bindings.ts';

/** What a user has set for the screen, in the section `screen` of `config.yml`. */
export interface ScreenSettings {
  readonly theme: ThemeName | undefined;
  readonly bindings: Bindings;
}

const known = ['keys', 'theme'];

/** Throws a `Failure` that names all that is wrong: a key that does something else than somebody thinks is worse. */
export function screenSettings(raw: unknown, path: string): ScreenSettings {
  if (raw === undefined || raw === null) return { theme: undefined, bindings: new Map() };
  const fail = (what: string) => new Failure(`Cannot open the screen: ${path}, section "screen": ${what}`);
  if (typeof raw !== 'object' || Array.isArray(raw)) throw fail('it is no map');
  const { theme, keys } = raw as { theme?: unknown; keys?: unknown }; // checked below
  const other = Object.keys(raw).find((name) => !known.includes(name));
  if (other !== undefined) throw fail(`"${other}" is nothing that can be set; there are ${known.join(' and ')}`);
  const chosen = themeNames.find((name) => name === theme);
  if (theme !== undefined && chosen === undefined) throw fail(`"theme" is none of ${themeNames.join(', ')}`);
  const { bindings, problems } = readBindings(keys);
  if (problems.length > 0) throw fail(`"keys": ${problems.join('; ')}`);
  return { theme: chosen, bindings };
}
