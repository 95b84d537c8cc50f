import { getSystemErrorMap } from 'node:util';

/** The words of an errno(3) name: `ENOENT` is "no such file or directory". One that is unknown is returned as it is. */
export function errnoText(code: string): string {
  for (const [name, text] of getSystemErrorMap().values()) if (name === code) return text;
  return code;
}
