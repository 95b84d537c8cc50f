import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { Connection } from '../../client/connection.ts';
import { socketDialer } from '../../client/socket.ts';
import { eventually } from '../../testing/eventually.ts';
import { ScriptedCommand } from '../../testing/scripted-command.ts';
import { ScriptedServer } from '../../testing/scripted-server.ts';
import { textOf } from '../frame/line.ts';
import type { Effect } from '../state/effect.ts';
import { maxPanes } from '../state/panes.ts';
import { shownPage } from '../state/state.ts';
import { Store } from '../store.ts';
import { KeySource, type RawInput } from '../terminal/key-source.ts';
import { sampleState } from '../testing/sample-states.ts';
import { frameLines } from '../views/frame.ts';
import { LiveConnection } from './live-connection.ts';
import { maxWaitingBytes, PaneInput } from './pane-input.ts';
import { Panes } from './panes.ts';
import { Servers } from './servers.ts';
import { saveText } from './text-files.ts';

/** Panes on a scripted server, driven by the keys of somebody in front of them. */
async function world() {
  const server = await ScriptedServer.start();
  const commands = new Map<string, ScriptedCommand>();
  server.onDuplex('ExecService', 'Exec', async (call) => {
    const command = new ScriptedCommand(call);
    const { instance } = await command.started();
    commands.set(instance, command);
  });
  const store = new Store(sampleState({ columns: 120, rows: 40 }));
  const live = new LiveConnection(() => new Connection(socketDialer(server.socket)));
  const stdin = Object.assign(new PassThrough(), { setRawMode: () => {} }) satisfies RawInput;
  const keys = new KeySource(stdin);
  let listKeys = '';
  keys.screen.on('data', (chunk) => {
    listKeys += chunk;
  });
  const panes = new Panes(new Servers(live), store, keys);
  const effects: Effect[] = [];
  store.onEffect((effect) => {
    effects.push(effect);
    if (effect.kind === 'open-panes') panes.open(effect.keys);
    if (effect.kind === 'type-to-panes') panes.type(effect.ids);
    if (effect.kind === 'read-pane') panes.read(effect.id);
    if (effect.kind === 'close-panes') panes.close(effect.ids);
  });
  const press = (...keys: string[]) => {
    for (const key of keys) store.dispatch({ type: 'key', press: { key, text: key.length === 1 ? key : '' } });
  };
  const shows = async (wanted: RegExp) => {
    await eventually(() => wanted.test(frameLines(store.state()).map(textOf).join('\n')), String(wanted));
  };
  const command = async (name: string) => {
    await eventually(() => commands.has(name), name);
    return commands.get(name) as ScriptedCommand; // waited for
  };
  const end = async () => {
    panes.closeAll();
    live.drop();
    await server[Symbol.asyncDispose]();
  };
  return { panes, store, stdin, listKeys: () => listKeys, effects, press, shows, command, [Symbol.asyncDispose]: end };
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`).join('\r\n');

describe('panes', () => {
  it('are typed into one by one, or all at once', async () => {
    await using screen = await world();
    screen.press('G', 't');
    const one = await screen.command('web10');
    screen.stdin.write('one\r');
    await eventually(() => one.stdin.toString() === 'one\r', 'what was typed');
    screen.stdin.write('\x1d');
    await eventually(() => screen.store.state().typing.length === 0, 'the list has the keys');
    screen.press('k', 't');
    const other = await screen.command('web2');
    screen.stdin.write('\x1d');
    await eventually(() => screen.store.state().typing.length === 0, 'the list has the keys');
    screen.press('T');
    screen.stdin.write('both\r');
    await eventually(() => one.stdin.toString() === 'one\rboth\r' && other.stdin.toString() === 'both\r', 'both');
  });

  it('leave to the list what is typed after ctrl+], also when it comes at once', async () => {
    await using screen = await world();
    screen.press('G', 't');
    const command = await screen.command('web10');
    screen.stdin.write('exit\x1dWq');
    screen.stdin.write('?');
    await eventually(() => screen.listKeys() === 'Wq?', 'the keys of the list');
    await eventually(() => command.stdin.toString() === 'exit', 'what was typed into the pane');
  });

  it('keep what has left their screens, to be scrolled, searched and filtered while more comes', async () => {
    await using screen = await world();
    screen.press('G', 't');
    const command = await screen.command('web10');
    command.flood('stdout', Buffer.from(`\x1b[31mfirst\x1b[0m\r\n${numbered(300)}`));
    await screen.shows(/line 299/);
    screen.stdin.write('\x1b[5;2~');
    await screen.shows(/what its pane has shown/);
    await screen.shows(/following +301 of 301/);
    command.flood('stdout', Buffer.from('\r\nand more'));
    await screen.shows(/302 of 302/);
    screen.press('/', ...'line 150', 'enter');
    await screen.shows(/^line 150/m);
    screen.press('g');
    await screen.shows(/^first/m);
    screen.press('N');
    await screen.shows(/^line 150(?:.|\n)*No earlier match: this is the last/m);
    screen.press('/', ...Array(8).fill('backspace'), ...'nowhere', 'enter');
    await screen.shows(/No line has "nowhere"/);
    screen.press('&', ...'29', 'enter');
    await screen.shows(/lines with "29"/);
    screen.press('Y');
    const copied = screen.effects.find((effect) => effect.kind === 'copy');
    assert.equal(copied?.text.split('\n').length, 13);
    screen.press('&', ...Array(2).fill('backspace'), ...'!line', 'enter');
    await screen.shows(/lines without "line"/);
    screen.press('ctrl+s', ...'out.txt', 'enter');
    assert.deepEqual(screen.effects.at(-1), { kind: 'save-text', path: 'out.txt', text: 'first\nand more\n' });
    screen.press('escape');
    assert.equal(shownPage(screen.store.state()).kind, 'table');
  });

  it('are looked at one after the other, and what they have shown stays when they are closed', async () => {
    await using screen = await world();
    screen.press('G', 'space', 'k', 'space', 't');
    for (const name of ['web2', 'web10']) (await screen.command(name)).flood('stdout', Buffer.from(`here is ${name}`));
    await screen.shows(/here is web2 .*here is web10/);
    screen.stdin.write('\x1d');
    await eventually(() => screen.store.state().typing.length === 0, 'the list has the keys');
    screen.press('escape', 'G', 'b');
    await screen.shows(/web10 what its pane has shown/);
    screen.press('b');
    await screen.shows(/web2 what its pane has shown/);
    screen.press('W');
    await eventually(() => screen.store.state().panes.length === 0, 'no panes');
    await screen.shows(/here is web2/);
  });

  it('are closed alone too', async () => {
    await using screen = await world();
    screen.press('G', 't');
    const command = await screen.command('web10');
    screen.stdin.write('\x1d');
    await eventually(() => screen.store.state().typing.length === 0, 'the list has the keys');
    screen.press('w');
    await eventually(() => command.canceled, 'the command is canceled');
    assert.equal(screen.store.state().panes.length, 0);
  });

  it('are as many as there is room for', async () => {
    await using screen = await world();
    screen.panes.open(Array.from({ length: maxPanes + 2 }, (_, index) => `default/i${index}`));
    assert.equal(screen.store.state().panes.length, maxPanes);
    assert.equal(screen.store.state().typing.length, maxPanes);
    assert.match(screen.store.state().notice?.text ?? '', /^There is room for 6 panes at most/);
  });

  it('take no more than a bound of what is typed for a program that does not read', async () => {
    let drain: () => void = () => {};
    const sent: number[] = [];
    const input = new PaneInput({
      send: ({ stdin }) => {
        sent.push(stdin?.length ?? 0);
        return false;
      },
      drained: () => new Promise((resolve) => (drain = resolve)),
    });
    const part = Buffer.alloc(maxWaitingBytes / 4);
    assert.deepEqual(
      Array.from({ length: 7 }, () => input.type(part)),
      [true, true, true, true, true, false, false],
    );
    assert.equal(sent.length, 1);
    for (let count = 2; count <= 5; count += 1) {
      drain();
      await eventually(() => sent.length === count, 'the next part');
    }
    assert.equal(input.type(part), true);
  });
});

describe('a text that is saved', () => {
  it('is a new file for its user alone, and replaces none', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-save-'));
    using _removed = { [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
    const store = new Store(sampleState({ columns: 80, rows: 24 }));
    const save = async (path: string, text: string) => {
      await saveText(store, { HOME: directory }, { path, text });
      return store.state().notice;
    };
    assert.match((await save('~/log', 'a\nb\n'))?.text ?? '', /^Saved 2 lines to .*\/log$/);
    assert.equal(statSync(join(directory, 'log')).mode & 0o777, 0o600);
    assert.match((await save('~/log', 'c\n'))?.text ?? '', /^Cannot save to .*: there is such a file already$/);
    assert.equal(readFileSync(join(directory, 'log'), 'utf8'), 'a\nb\n');
    assert.match((await save(join(directory, 'none/log'), 'c\n'))?.text ?? '', /: ENOENT$/);
  });
});
