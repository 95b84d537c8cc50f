/** Writes `docs/reference/commands.md` from the command table. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { commandReference } from './help/reference.ts';

const path = new URL('../docs/reference/commands.md', import.meta.url).pathname;
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, commandReference());
