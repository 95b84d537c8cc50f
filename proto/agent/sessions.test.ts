import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maxAgentMessageBytes, ProtocolError } from './frame.ts';
import { encodeMessage, parseStarted } from './messages.ts';
import {
  encodeAttach,
  encodeKeep,
  encodeListed,
  encodeSessions,
  maxKeptSessions,
  parseAttach,
  parseKeep,
  parseListed,
  parseSessions,
} from './sessions.ts';

const session = '0a1b2c3d';
const start = { argv: ['ls'], environment: {}, user: 0, group: 0, cwd: '' };

describe('the messages of sessions', () => {
  it('come out as they went in', () => {
    const keep = { session, start, emptyStdin: true };
    assert.deepEqual(parseKeep(encodeKeep(keep).subarray(1)), keep);
    const attach = { session, stdoutFrom: 2 ** 40, stderrFrom: 0 };
    assert.deepEqual(parseAttach(encodeAttach(attach).subarray(1)), attach);
    assert.equal(parseSessions(encodeSessions().subarray(1)), undefined);
    assert.deepEqual(parseSessions(encodeSessions({ end: session }).subarray(1)), { end: session });
    const started = { pid: 7, kept: { terminal: true, stdoutFrom: 1, stderrFrom: 2 } };
    assert.deepEqual(parseStarted(encodeMessage('started', started).subarray(1)), started);
  });

  it('have room for as many sessions as there may be', () => {
    const sessions = Array.from({ length: maxKeptSessions }, () => ({ session, attached: false, code: 255 }));
    const frame = encodeListed({ sessions });
    assert.ok(frame.length <= maxAgentMessageBytes);
    assert.deepEqual(parseListed(frame.subarray(1)), { sessions });
  });

  for (const [what, parse, message] of [
    ['a name that is none', parseKeep, { session: '../../etc', start }],
    ['a name that is too long', parseAttach, { session: `${session}0`, stdoutFrom: 0, stderrFrom: 0 }],
    ['no command', parseKeep, { session }],
    ['a negative position', parseAttach, { session, stdoutFrom: -1, stderrFrom: 0 }],
    ['a position that no number is', parseAttach, { session, stdoutFrom: 1e300, stderrFrom: 0 }],
    ['an end of nothing', parseSessions, {}],
    ['a list that is none', parseListed, { sessions: 'none' }],
    ['too many sessions', parseListed, { sessions: Array(maxKeptSessions + 1).fill({ session, attached: false }) }],
    ['an exit code that is none', parseListed, { sessions: [{ session, attached: false, code: 256 }] }],
    ['a start whose session is nothing', parseStarted, { pid: 7, kept: 1 }],
  ] as const) {
    it(`are refused with ${what}`, () => {
      assert.throws(() => parse(Buffer.from(JSON.stringify(message))), ProtocolError);
    });
  }
});
