/** Checks of option values: undefined for a good one, otherwise what is allowed. */
export type OptionCheck = (value: string) => string | undefined;

/** The name of a pool or network. */
export const anyName: OptionCheck = (value) => (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value) ? undefined : 'a name');

/** Names that Linux accepts for a link (net/core/dev.c: dev_valid_name). */
export const interfaceName: OptionCheck = (value) =>
  /^[A-Za-z0-9_.-]{1,15}$/.test(value) && value !== '.' && value !== '..'
    ? undefined
    : 'an interface name of at most 15 characters';

export const unicastHwaddr: OptionCheck = (value) =>
  /^([0-9a-f][26ae]|[0-9a-f][048c])(:[0-9a-f]{2}){5}$/i.test(value) ? undefined : 'a unicast MAC address';
