/** Writes every screen as text into `docs/screens/`, drawn as the terminal gets it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { drawn, screens, textOfFrame } from './testing/screens.ts';

const directory = new URL('../../docs/screens/', import.meta.url).pathname;
mkdirSync(directory, { recursive: true });
for (const [name, state] of Object.entries(screens({ columns: 80, rows: 24 }))) {
  writeFileSync(`${directory}${name}.txt`, textOfFrame(drawn(state)));
}
