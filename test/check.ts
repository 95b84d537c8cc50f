/** `npm run check`: formatting, lint, types, unit and architecture tests. Seconds, no root. */
import { checkTotals } from './check-steps.ts';
import { conclude } from './runner.ts';

conclude(await checkTotals());
