import assert from 'node:assert/strict';
import { closeSync, writeSync } from 'node:fs';
import { describe, it } from 'node:test';
import { openPipe } from '../native/pipe.ts';
import { Output } from './output.ts';

/** An output of a pipe that the test writes to, and what was sent of it. */
class OutputUnderTest {
  readonly writeEnd: number;
  readonly output: Output;
  readonly #finished = Promise.withResolvers<void>();
  sent = '';
  full = false;

  constructor() {
    const { readEnd, writeEnd } = openPipe();
    this.writeEnd = writeEnd;
    this.output = new Output(readEnd, 'pipe', {
      send: (bytes) => {
        this.sent += bytes.toString();
        return !this.full;
      },
      finished: () => this.#finished.resolve(),
    });
  }

  write(text: string): void {
    writeSync(this.writeEnd, text);
  }

  async finished(): Promise<string> {
    await this.#finished.promise;
    return this.sent;
  }

  /** Lets the event loop look at the pipe a few times. */
  async settled(): Promise<string> {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    return this.sent;
  }
}

describe('an output', () => {
  it('sends nothing that was not granted, and everything that was', async () => {
    const under = new OutputUnderTest();
    under.write('0123456789');
    assert.equal(await under.settled(), '');
    under.output.grant(4);
    assert.equal(await under.settled(), '0123');
    under.output.grant(3);
    assert.equal(await under.settled(), '0123456');
    closeSync(under.writeEnd);
    under.output.grant(100);
    assert.equal(await under.finished(), '0123456789');
  });

  it('without a single byte finishes without a grant', async () => {
    const under = new OutputUnderTest();
    closeSync(under.writeEnd);
    assert.equal(await under.finished(), '');
  });

  it('waits while the connection is full', async () => {
    const under = new OutputUnderTest();
    under.full = true;
    under.output.grant(100);
    under.write('first');
    assert.equal(await under.settled(), 'first');
    under.write('second');
    assert.equal(await under.settled(), 'first');
    under.full = false;
    under.output.resume();
    assert.equal(await under.settled(), 'firstsecond');
    under.output.close();
    closeSync(under.writeEnd);
  });

  it('that stays open after the command finishes once it is quiet', async () => {
    const under = new OutputUnderTest();
    under.output.grant(100);
    under.write('last words');
    under.output.commandEnded();
    assert.equal(await under.finished(), 'last words');
    assert.throws(() => under.write('nobody listens'), { code: 'EPIPE' });
    closeSync(under.writeEnd);
  });

  it('keeps what a slow receiver has not granted yet, for as long as it takes', async () => {
    const under = new OutputUnderTest();
    under.output.grant(4);
    under.write('last words');
    under.output.commandEnded();
    await new Promise((resolve) => setTimeout(resolve, 350)); // more than three periods in which nothing may be given up
    assert.equal(under.sent, 'last');
    under.output.grant(100);
    assert.equal(await under.finished(), 'last words');
    closeSync(under.writeEnd);
  });
});
