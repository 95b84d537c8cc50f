import { readFile } from 'node:fs/promises';
import { Fault } from '../base/fault.ts';

/** An unprivileged user of the host and its primary group, by name. */
export interface ServiceAccount {
  readonly user: string;
  readonly group: string;
}

/** The first of `candidates` that the host has and that is not root, from passwd(5) and group(5). Fault `unsupported`. */
export async function serviceAccount(candidates: readonly string[], directory = '/etc'): Promise<ServiceAccount> {
  const [users, groups] = await Promise.all([fields(`${directory}/passwd`), fields(`${directory}/group`)]);
  for (const name of candidates) {
    const entry = users.find((user) => user[0] === name);
    if (entry === undefined || entry[2] === '0') continue;
    const group = groups.find((candidate) => candidate[2] === entry[3])?.[0];
    if (group !== undefined && plain.test(name) && plain.test(group)) return { user: name, group };
  }
  throw new Fault('unsupported', `This host has none of the users ${candidates.join(', ')}`);
}

const plain = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/;

async function fields(path: string): Promise<string[][]> {
  return (await readFile(path, 'utf8')).split('\n').map((line) => line.split(':'));
}
