import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { decodeFrame } from '../../proto/agent/frame.ts';
import { type KeptState, maxKeptSessions, parseAttach, parseKeep, parseSessions } from '../../proto/agent/sessions.ts';
import { Fault } from '../base/fault.ts';
import { silentLog } from '../base/log.ts';
import type { Task } from '../base/task.ts';
import type { Agents } from './agents.ts';
import type { ExecSession } from './exec-session.ts';
import { KeptSessions } from './kept-sessions.ts';
import { SessionRecords } from './session-records.ts';

const task: Task = { signal: new AbortController().signal, log: silentLog, report() {} };
const web = { id: 'web-uuid', idleMs: 0 };
const db = { id: 'db-uuid', idleMs: 0 };
const command = { argv: ['sleep', '1000'], environment: {}, user: 0, group: 0, cwd: '' };
const emptyStdin = false;

/** Agents that keep sessions in memory, and fail as a test says. */
class World implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'yurt-sessions-test-'));
  readonly agents = new Map<string, Map<string, KeptState>>();
  sessions = this.restarted();
  fails: ((what: 'keep' | 'attach' | 'sessions') => void) | undefined;
  executable = true;

  /** As the next server finds it. */
  restarted(): KeptSessions {
    const records = new SessionRecords(this.directory);
    const agents = { begin: this.#begin.bind(this), ask: this.#ask.bind(this) } as unknown as Agents; // what is used of it
    return new KeptSessions({ log: silentLog, agents, records });
  }

  of(instance: { id: string }): Map<string, KeptState> {
    const known = this.agents.get(instance.id) ?? new Map<string, KeptState>();
    this.agents.set(instance.id, known);
    return known;
  }

  async #begin(_task: Task, instance: { id: string }, _command: unknown, frame: Buffer): Promise<ExecSession> {
    const { channel, data } = decodeFrame(frame);
    if (channel === 'keep') {
      const { session } = parseKeep(data);
      if (this.executable) this.of(instance).set(session, { session, attached: false });
      this.fails?.('keep');
    } else {
      this.fails?.('attach');
      if (!this.of(instance).has(parseAttach(data).session)) throw new Fault('not-found', 'gone');
    }
    const kept = this.executable ? { terminal: false, stdoutFrom: 0, stderrFrom: 0 } : undefined;
    return { pid: 1, kept } as ExecSession; // nothing else of it is used
  }

  async #ask(_task: Task, instance: { id: string }, question: Buffer): Promise<unknown> {
    this.fails?.('sessions');
    const request = parseSessions(question.subarray(1));
    if (request !== undefined) this.of(instance).delete(request.end);
    return { sessions: [...this.of(instance).values()] };
  }

  files(): string[] {
    return readdirSync(this.directory);
  }

  async start(instance = web): Promise<string> {
    return (await this.sessions.start(task, instance, command, { emptyStdin })).id;
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const ids = (views: readonly { id: string }[]) => views.map(({ id }) => id);

describe('kept sessions', () => {
  it('are found by the next server, in the instances that have them', async () => {
    using world = new World();
    const [one, two] = [await world.start(), await world.start(db)];
    const next = world.restarted();
    assert.deepEqual([next.find(one)?.instance, next.find(two)?.instance], [web.id, db.id]);
    assert.deepEqual(ids(await next.list(task, web)), [one]);
    assert.deepEqual(next.find(one)?.command, command.argv);
    await next.attach(task, web, one, { stdout: 0, stderr: 0 });
  });

  it('leave nothing when the command cannot be executed', async () => {
    using world = new World();
    world.executable = false;
    const { session } = await world.sessions.start(task, web, command, { emptyStdin });
    assert.deepEqual([session.kept, world.files()], [undefined, []]);
  });

  for (const code of ['unsupported', 'invalid', 'timed-out', 'canceled', 'unavailable'] as const) {
    it(`leave nothing when their start is ${code}, in the agent neither`, async () => {
      using world = new World();
      world.fails = (what) => {
        if (what === 'keep') throw new Fault(code, 'no');
      };
      await assert.rejects(world.start(), { code });
      assert.deepEqual(world.files(), []);
      if (code === 'timed-out' || code === 'canceled') assert.equal(world.of(web).size, 0);
    });
  }

  it('can be ended later when it is not known whether they have begun', async () => {
    using world = new World();
    world.fails = (what) => {
      throw new Fault(what === 'keep' ? 'timed-out' : 'unavailable', 'no');
    };
    await assert.rejects(world.start(), { code: 'timed-out' });
    world.fails = undefined;
    const [view] = await world.sessions.list(task, web);
    await world.sessions.end(task, web, view?.id ?? '');
    assert.deepEqual([world.of(web).size, world.files()], [0, []]);
  });

  it('are forgotten when their agent does not have them any more', async () => {
    using world = new World();
    const [one, two] = [await world.start(), await world.start()];
    world.of(web).delete(one);
    assert.deepEqual(ids(await world.sessions.list(task, web)), [two]);
    world.of(web).clear();
    await assert.rejects(world.sessions.attach(task, web, two, { stdout: 0, stderr: 0 }), { code: 'not-found' });
    assert.deepEqual(world.files(), []);
  });

  it('are not believed to be where they were not started', async () => {
    using world = new World();
    const one = await world.start();
    world.of(db).set(one, { session: one, attached: false });
    world.of(db).set('ffffffff', { session: 'ffffffff', attached: false });
    assert.deepEqual(await world.sessions.list(task, db), []);
    assert.equal(world.sessions.find(one)?.instance, web.id);
  });

  it('are listed without their states when the agent does not answer', async () => {
    using world = new World();
    const one = await world.start();
    world.fails = () => {
      throw new Fault('unavailable', 'no');
    };
    const [view] = await world.sessions.list(task, web);
    assert.deepEqual([view?.id, view?.state], [one, undefined]);
  });

  it('are so many in an instance; the oldest that has ended makes room', async () => {
    using world = new World();
    const all: string[] = [];
    for (let count = 0; count < maxKeptSessions; count += 1) all.push(await world.start());
    await assert.rejects(world.start(), { code: 'exhausted' });
    await world.start(db);
    const [, second = ''] = ids(await world.sessions.list(task, web));
    world.of(web).set(second, { session: second, attached: false, code: 0 });
    await world.start();
    assert.equal(world.sessions.find(second), undefined);
    assert.equal((await world.sessions.list(task, web)).length, maxKeptSessions);
  });

  it('end with their instances, in the life of a later server too', async () => {
    using world = new World();
    const [one, two] = [await world.start(), await world.start(db)];
    await world.sessions.forget(web.id);
    assert.deepEqual([world.sessions.has(web.id), world.files()], [false, [two]]);
    await world.restarted().forgetOthers(() => false);
    assert.deepEqual([world.files(), world.sessions.find(one)], [[], undefined]);
  });

  it('are not disturbed by files that a killed server left half-written', async () => {
    using world = new World();
    const one = await world.start();
    writeFileSync(join(world.directory, '0a0a0a0a'), '{"id":"0a0a0a0a","inst');
    writeFileSync(join(world.directory, '0b0b0b0b.new'), '{');
    const next = world.restarted();
    assert.deepEqual([next.find('0a0a0a0a'), ids(await next.list(task, web))], [undefined, [one]]);
  });
});
