import { UsageError } from '../arguments/usage-error.ts';

/** `key=value`; only the first `=` counts. */
export function pairOf(text: string): readonly [key: string, value: string] {
  const split = text.indexOf('=');
  if (split < 1) throw new UsageError(`Bad key=value pair: "${text}"`);
  return [text.slice(0, split), text.slice(split + 1)];
}

/** The values of `--device DEVICE,KEY=VALUE…`, by device; those of one device add up. */
export function deviceOptions(texts: readonly string[]): Record<string, { options: Record<string, string> }> {
  const devices: Record<string, { options: Record<string, string> }> = {};
  for (const text of texts) {
    const [name = '', ...options] = text.split(',');
    if (name === '' || name.includes('=')) throw new UsageError(`Bad device "${text}": it reads DEVICE,KEY=VALUE`);
    devices[name] = { options: { ...devices[name]?.options, ...Object.fromEntries(options.map(pairOf)) } };
  }
  return devices;
}
