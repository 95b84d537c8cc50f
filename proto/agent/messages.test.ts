import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeFrame, maxAgentMessageBytes, ProtocolError } from './frame.ts';
import {
  encodeMessage,
  parseFailure,
  parseProbed,
  parseResize,
  parseSignal,
  parseStart,
  parseStarted,
  parseStatus,
  type StartRequest,
} from './messages.ts';

const start: StartRequest = { argv: ['sh'], environment: { A: 'b=c', __proto__2: '' }, user: 0, group: 5, cwd: '' };
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('messages', () => {
  it('arrive as they were sent', () => {
    const sent = { ...start, terminal: { columns: 80, rows: 65_535 } };
    const { channel, data } = decodeFrame(encodeMessage('start', sent));
    assert.equal(channel, 'start');
    assert.deepEqual(parseStart(data), sent);
    assert.deepEqual(parseStatus(json({ code: 255, more: 1 })), { code: 255 });
    const failure = { reason: 'exec', errno: 2 };
    assert.deepEqual(parseStatus(json({ code: 127, failure })), { code: 127, failure });
    assert.deepEqual(parseFailure(json(failure)), failure);
    assert.deepEqual(parseProbed(json({ init: 'running' })), { init: 'running' });
    assert.deepEqual(parseSignal(json({ number: 64 })), { number: 64 });
  });

  it('to the agent are refused when they say what cannot be', () => {
    const wrong: object[] = [
      { argv: [] },
      { argv: 'sh' },
      { argv: [1] },
      { argv: ['a\0'] },
      { argv: Array.from({ length: 65_537 }, () => '') },
      { environment: [] },
      { environment: { '': '1' } },
      { environment: { 'A=': '1' } },
      { environment: { A: 1 } },
      { environment: { A: '\0' } },
      { user: -1 },
      { user: 0xffff_ffff },
      { group: 1.5 },
      { group: '0' },
      { cwd: 1 },
      { cwd: 'x'.repeat(4096) },
      { terminal: { columns: 0, rows: 1 } },
      { terminal: { columns: 1, rows: 65_536 } },
      { terminal: null },
    ];
    for (const fields of wrong) {
      assert.throws(
        () => parseStart(json({ ...start, ...fields })),
        ProtocolError,
        JSON.stringify(fields).slice(0, 80),
      );
    }
    for (const number of [0, 65, -9, 1.5, '9']) assert.throws(() => parseSignal(json({ number })), ProtocolError);
    assert.throws(() => parseResize(json({ columns: 80 })), ProtocolError);
  });

  it('from the agent are refused when they are no JSON, too large or out of bounds', () => {
    for (const text of ['', 'null', '[]', '1', '{', '"running"']) {
      assert.throws(() => parseProbed(Buffer.from(text)), ProtocolError);
    }
    assert.throws(() => parseStarted(json({ pid: 1, more: 'x'.repeat(maxAgentMessageBytes) })), ProtocolError);
    for (const pid of [0, -1, 2 ** 22 + 1, '1', null]) assert.throws(() => parseStarted(json({ pid })), ProtocolError);
    for (const code of [-1, 256, 0.5, undefined]) assert.throws(() => parseStatus(json({ code })), ProtocolError);
    for (const init of ['Running', '\u001b[2J', '']) assert.throws(() => parseProbed(json({ init })), ProtocolError);
    for (const reason of ['because', 1]) assert.throws(() => parseFailure(json({ reason, errno: 1 })), ProtocolError);
    assert.throws(() => parseFailure(json({ reason: 'exec', errno: 5000 })), ProtocolError);
  });
});
