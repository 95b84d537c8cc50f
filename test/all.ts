/** `npm test`: everything that this machine can prove by itself. */
import { checkTotals } from './check-steps.ts';
import { endToEndTotals } from './e2e/steps.ts';
import { addTotals, conclude } from './runner.ts';

const checked = await checkTotals();
conclude(addTotals(checked, await endToEndTotals('')));
