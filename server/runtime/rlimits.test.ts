import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostFacts } from '../host/host-features.ts';
import { parseSpec, stringifySpec } from './oci-json.ts';
import { checkOomScore, checkRlimits, initRlimits, parseRlimit } from './rlimits.ts';

const host: HostFacts = {
  arch: 'x64',
  lastCapability: 40,
  maxOpenFiles: 20_000,
  oomScoreAdj: 0,
  memoryBytes: 0,
  rlimits: { nofile: 20_000, memlock: 8_388_608 },
  capabilities: 0n,
};

test('a limit is one number, two, or none', () => {
  assert.deepEqual(parseRlimit('7'), { soft: 7, hard: 7 });
  assert.deepEqual(parseRlimit('7:9'), { soft: 7, hard: 9 });
  assert.deepEqual(parseRlimit('7:unlimited'), { soft: 7, hard: Infinity });
  assert.deepEqual(parseRlimit('unlimited'), { soft: Infinity, hard: Infinity });
  for (const wrong of ['', ':', '9:7', 'unlimited:7', '1:', '-1', '1.5', '99999999999999999', '1:2:3']) {
    assert.equal(parseRlimit(wrong), undefined, wrong);
  }
});

test('the usual limits hold where none is set', () => {
  assert.deepEqual(initRlimits(host, { core: { soft: 0, hard: 0 } }), [
    { type: 'RLIMIT_NOFILE', soft: 1024, hard: 20_000 },
    { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
  ]);
  assert.deepEqual(initRlimits(host, { nofile: { soft: 5, hard: 6 } }), [{ type: 'RLIMIT_NOFILE', soft: 5, hard: 6 }]);
});

test('more than the server may give itself is refused by name, unless it may raise it', () => {
  checkRlimits(host, { nofile: { soft: 1, hard: 20_000 }, as: { soft: 1, hard: Infinity } });
  for (const hard of [20_001, Infinity]) {
    const limits = { nofile: { soft: 1, hard } };
    assert.throws(() => checkRlimits(host, limits), {
      code: 'unsupported',
      message: /nofile.*20000.*CAP_SYS_RESOURCE/,
    });
    checkRlimits({ ...host, capabilities: 1n << 24n }, limits);
  }
});

test('a lower oom_score_adj than that of the server is refused, unless it may raise limits', () => {
  checkOomScore(host, 0);
  checkOomScore(host, undefined);
  checkOomScore({ ...host, capabilities: 1n << 24n }, -500);
  assert.throws(() => checkOomScore(host, -1), { code: 'unsupported', message: /oom_priority.*CAP_SYS_RESOURCE/ });
});

test('"unlimited" reaches the runtime as the very number, and comes back', () => {
  const value = { rlimits: [{ soft: 3, hard: Infinity }] };
  const text = stringifySpec(value);
  assert.equal(text, '{"rlimits":[{"soft":3,"hard":18446744073709551615}]}');
  assert.deepEqual(parseSpec(text), value);
});
