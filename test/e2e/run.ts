/** `npm run e2e [name]`: the end-to-end tests, or those whose path contains the name. */
import '../../bin/build.ts'; // what is tested is what was written
import { conclude } from '../runner.ts';
import { endToEndTotals } from './steps.ts';

conclude(await endToEndTotals(process.argv[2] ?? ''));
