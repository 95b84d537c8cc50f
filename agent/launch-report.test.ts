import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exitCodeOf, parseLaunchReport } from './launch-report.ts';

const report = (step: number, errno: number) => Buffer.from(new Int32Array([step, errno]).buffer);

describe('the report of the launcher', () => {
  it('is empty when the command runs', () => {
    assert.equal(parseLaunchReport(Buffer.alloc(0)), undefined);
  });

  it('names the step and the error', () => {
    assert.deepEqual(parseLaunchReport(report(1, 19)), { reason: 'cgroup', errno: 19 });
    assert.deepEqual(parseLaunchReport(report(5, 2)), { reason: 'exec', errno: 2 });
    assert.deepEqual(parseLaunchReport(report(99, 2)), { reason: 'resources', errno: 2 });
    assert.deepEqual(parseLaunchReport(Buffer.alloc(3)), { reason: 'resources', errno: 0 });
  });

  it('means 127 for what does not exist, 126 for what cannot be run, nothing else', () => {
    assert.equal(exitCodeOf({ reason: 'exec', errno: 2 }), 127);
    assert.equal(exitCodeOf({ reason: 'exec', errno: 20 }), 127);
    assert.equal(exitCodeOf({ reason: 'exec', errno: 13 }), 126);
    assert.equal(exitCodeOf({ reason: 'interpreter', errno: 2 }), 126);
    assert.equal(exitCodeOf({ reason: 'cwd', errno: 2 }), undefined);
  });
});
