/** Letters of `image list --columns`, with their headers. */
export const imageColumnNames = {
  l: 'ALIAS',
  L: 'ALIASES',
  f: 'FINGERPRINT',
  F: 'FULL FINGERPRINT',
  p: 'PUBLIC',
  d: 'DESCRIPTION',
  a: 'ARCHITECTURE',
  t: 'TYPE',
  s: 'SIZE',
  u: 'UPLOAD DATE',
  e: 'PROJECT',
} as const;
