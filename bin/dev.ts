/** `npm run dev`: yurtd from the sources, with a directory of its own in the checkout; started again at every change. */
import { join } from 'node:path';

process.env['YURT_DIR'] ??= join(import.meta.dirname, '../.yurt');
await import('../server/main.ts');
