import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTest, sourceFiles } from './source-files.ts';

interface Ban {
  readonly what: string;
  readonly pattern: RegExp;
  readonly where: RegExp;
  readonly except: RegExp;
  readonly instead: string;
}

const bans: readonly Ban[] = [
  {
    what: 'a shell string',
    pattern: /\bexecSync\(|[^.#\w]exec\(['"`]|shell: true/,
    where: /./,
    except: /^$/,
    instead: 'run() of server/host/run.ts with an argument vector',
  },
  {
    what: 'a process started outside of host/',
    pattern: /from 'node:child_process'/,
    where: /^server\//,
    except: /^server\/host\//,
    instead: 'run() of server/host/run.ts',
  },
  {
    what: 'the environment or exit read outside of a main.ts',
    pattern: /\bprocess\.(env|exit)\b/,
    where: /^(server|agent|tui)\//,
    except: /\/main\.ts$/,
    instead: 'a parameter from main.ts',
  },
  {
    what: 'koffi outside of native/',
    pattern: /from 'koffi'/,
    where: /./,
    except: /^native\//,
    instead: 'a typed wrapper in native/',
  },
  {
    what: 'the level database outside of db/',
    pattern: /from '(level|classic-level)'/,
    where: /./,
    except: /^server\/db\//,
    instead: 'the Store contract of server/db/store.ts',
  },
  {
    what: 'a hole in the types',
    pattern: /: any\b(?! [a-z])|\bas any\b|@ts-(ignore|nocheck|expect-error)/,
    where: /./,
    except: /^test\/architecture\//,
    instead: 'a type',
  },
  {
    what: 'links read from /sys/class/net, which shows another network namespace',
    pattern: /['"`]\/sys\/class\/net/,
    where: /^server\//,
    except: /^$/,
    instead: 'ip -j',
  },
];

describe('calls that are banned', () => {
  for (const ban of bans) {
    it(`${ban.what}: use ${ban.instead}`, () => {
      const found = sourceFiles()
        .filter((file) => !isTest(file) && ban.where.test(file.path) && !ban.except.test(file.path))
        .filter(({ path }) => !path.startsWith('bin/'))
        .filter(({ text }) => ban.pattern.test(text))
        .map(({ path }) => path);
      assert.deepEqual(found, []);
    });
  }
});
