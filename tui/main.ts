/**
 * The command line. Reads the arguments and the environment, exits with the command's code. It imports nothing of size
 * before the compile cache is on: what is imported later starts from its compiled form.
 */
import { enableCompileCache } from 'node:module';
import { cacheDirectory } from './settings/cache-directory.ts';

// This signal is for the command that `yurt exec` runs, not for opening a debugger. Node's own --disable-sigusr1 would leave it
// blocked, so that nobody ever got it.
process.on('SIGUSR1', () => {});
// https://nodejs.org/api/module.html#module-compile-cache; without a place to keep it, the code is compiled each time.
const cache = cacheDirectory(process.env);
if (cache !== undefined) enableCompileCache(cache);
void import('./process.ts')
  .then(({ runHere }) => runHere(process.argv.slice(2), process.env))
  .then((code) => process.exit(code));
