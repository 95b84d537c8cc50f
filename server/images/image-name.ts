import { Fault } from '../base/fault.ts';

export const nameLimits = {
  /** Bytes of an alias: `debian/12`, `team/web/2026-11`. */
  aliasMaxLength: 128,
  /** Characters of a recipe's or release's name. */
  partMaxLength: 40,
} as const;

/** sha256 in lower-case hexadecimal. */
export const fingerprintLength = 64;

const part = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;
const aliasPart = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** One component of an image name: a recipe's name or a release. */
export function isNamePart(text: string): boolean {
  return text.length <= nameLimits.partMaxLength && part.test(text);
}

export function isFingerprint(text: string): boolean {
  return text.length === fingerprintLength && /^[0-9a-f]+$/.test(text);
}

/** Whether `text` may be the beginning of a fingerprint. */
export function isFingerprintPrefix(text: string): boolean {
  return text.length <= fingerprintLength && /^[0-9a-f]+$/.test(text);
}

/**
 * An alias is `part[/part…]` of letters, digits and `. _ -`; it never looks like a whole fingerprint, so that a
 * reference by fingerprint always means that image. Fault: `invalid`.
 */
export function checkAlias(alias: string): string {
  const wellFormed =
    alias.length <= nameLimits.aliasMaxLength && alias.split('/').every((word) => aliasPart.test(word));
  if (!wellFormed) {
    throw new Fault(
      'invalid',
      `${JSON.stringify(alias.slice(0, nameLimits.aliasMaxLength))} is not a valid image alias: use letters, digits, ".", "_", "-" and "/", at most ${nameLimits.aliasMaxLength} characters`,
    );
  }
  if (isFingerprint(alias)) throw new Fault('invalid', `The image alias "${alias}" would be taken for a fingerprint`);
  return alias;
}
