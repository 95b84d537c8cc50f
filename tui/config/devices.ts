import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { toYaml } from '../output/format.ts';
import { naturalOrder } from '../output/natural-order.ts';
import { printable, printableLines } from '../output/printable.ts';
import { say } from '../output/say.ts';
import { pairsOf } from './keys.ts';
import { type Content, change, ownValue, type Reading, type Subject } from './subject.ts';

type Options = Readonly<Record<string, string>>;

/** Adds a device of a type. */
export async function addDevice(context: Context, subject: Subject, words: readonly string[]): Promise<void> {
  const [name = '', type = '', ...rest] = words;
  const options = rest.length === 0 ? {} : await pairsOf(context, rest);
  await change(subject, ({ content }) => {
    if (Object.hasOwn(content.devices, name)) throw new Failure(`The device "${name}" already exists`);
    return withDevice(content, name, { type, ...options });
  });
  await say(context, `Device ${name} added to ${subject.name}`);
}

/** Copies a device that the profiles bring to the instance, and changes it there. */
export async function overrideDevice(context: Context, subject: Subject, words: readonly string[]): Promise<void> {
  const [name = '', ...rest] = words;
  const options = rest.length === 0 ? {} : await pairsOf(context, rest);
  await change(subject, ({ content, expanded }) => {
    if (Object.hasOwn(content.devices, name)) throw new Failure(`The device "${name}" already exists`);
    const inherited = ownValue(expanded.devices, name);
    if (inherited === undefined) throw new Failure(`No profile of ${subject.label} brings a device "${name}"`);
    return withDevice(content, name, { ...inherited, ...options });
  });
  await say(context, `Device ${name} overridden for ${subject.name}`);
}

/** Removes devices of the object's own. */
export async function removeDevices(context: Context, subject: Subject, names: readonly string[]): Promise<void> {
  await change(subject, (reading) => {
    for (const name of names) deviceOf(reading, subject, name);
    const rest = Object.entries(reading.content.devices).filter(([name]) => !names.includes(name));
    return { ...reading.content, devices: Object.fromEntries(rest) };
  });
  await say(context, `Device ${names.join(', ')} removed from ${subject.name}`);
}

export async function setDeviceOptions(context: Context, subject: Subject, words: readonly string[]): Promise<void> {
  const [name = '', ...rest] = words;
  const options = await pairsOf(context, rest);
  await change(subject, (reading) =>
    withDevice(reading.content, name, { ...deviceOf(reading, subject, name), ...options }),
  );
}

export async function unsetDeviceOption(subject: Subject, [name = '', key = '']: readonly string[]): Promise<void> {
  await change(subject, (reading) => {
    const device = deviceOf(reading, subject, name);
    if (!Object.hasOwn(device, key)) throw new Failure(`Cannot unset key "${key}", it's not currently set`);
    const { [key]: _, ...options } = device;
    return withDevice(reading.content, name, options);
  });
}

/** Prints the value of an option, or an empty line. */
export async function getDeviceOption(
  context: Context,
  subject: Subject,
  [name = '', key = '']: readonly string[],
): Promise<void> {
  const value = ownValue(deviceOf(await subject.read(), subject, name), key) ?? '';
  await context.terminal.output.write(`${printableLines(value)}\n`);
}

export async function listDevices(context: Context, subject: Subject): Promise<void> {
  const names = Object.keys((await subject.read()).content.devices).sort(naturalOrder);
  await context.terminal.output.write(names.map((name) => `${printable(name)}\n`).join(''));
}

export async function showDevices(context: Context, subject: Subject): Promise<void> {
  await context.terminal.output.write(await toYaml((await subject.read()).content.devices));
}

function withDevice(content: Content, name: string, options: Options): Content {
  return { ...content, devices: { ...content.devices, [name]: { ...options } } };
}

function deviceOf({ content, expanded }: Reading, { label }: Subject, name: string): Options {
  const device = ownValue(content.devices, name);
  if (device !== undefined) return device;
  const hint =
    ownValue(expanded.devices, name) === undefined
      ? `${label} has no device "${name}"`
      : `the device "${name}" of ${label} comes from a profile: override it, or change the profile`;
  throw new Failure(hint.charAt(0).toUpperCase() + hint.slice(1));
}
