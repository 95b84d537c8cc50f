import { forms } from '../forms/registry.ts';
import { fit, type Line, line, span, wrappedWords } from '../frame/line.ts';
import { commandsHere } from '../keys/commands.ts';
import type { Confirmation, Overlay } from '../state/overlay.ts';
import type { PromptKind } from '../state/page.ts';
import type { State } from '../state/state.ts';
import { keyLabel } from './key-label.ts';
import { safe } from './safe.ts';

/** Some keys, and what they do. */
type Entry = readonly [keys: string, help: string];

interface Part {
  readonly title: string;
  /** What it is about, where keys alone do not say it. */
  readonly about?: string;
  readonly entries: readonly Entry[];
}

const labelWidth = 16;

/** The keys of where one is: of the box `over` which the help was opened, of what is being typed, or of the page. */
export function helpLines(state: State, width: number, over: Overlay | undefined): Line[] {
  return partsOf(state, over).flatMap(({ title, about, entries }, index) => [
    ...(index === 0 ? [] : [line()]),
    line(span(title, 'header')),
    ...(about === undefined ? [] : wrappedWords(about, width - 1).map((row) => line(` ${row}`))),
    ...entries.flatMap(([keys, help]) => entryLines(keys, help, width)),
  ]);
}

function partsOf(state: State, over: Overlay | undefined): readonly Part[] {
  if (over === undefined) return state.prompt === undefined ? pageParts(state) : promptParts(state.prompt.kind);
  switch (over.kind) {
    case 'form':
      return formParts(state, over);
    case 'palette':
      return [paletteKeys, typingKeys];
    case 'confirm':
      return confirmParts(over);
    case 'sort':
      return [sortKeys];
    case 'help':
    case 'results':
      return [readingKeys];
  }
}

/** From the table of commands: each by the keys that it has for this user. */
function pageParts(state: State): Part[] {
  const here = commandsHere({ ...state, overlay: undefined }).filter(
    ({ keys, command }) => keys.length > 0 && !/^sort-[2-9]$/.test(command.id),
  );
  const sections = [...new Set(here.map(({ command }) => command.section))];
  return sections.map((section) => ({
    title: section,
    entries: here
      .filter(({ command }) => command.section === section)
      .map(({ command, keys }): Entry => {
        if (command.id === 'sort-1') return ['1 … 9', 'Sort by that column; again: reverse'];
        return [keys.map(keyLabel).join(' '), command.help];
      }),
  }));
}

function formParts(state: State, { form }: Extract<Overlay, { kind: 'form' }>): Part[] {
  const { title, button, fields } = forms[form.name];
  const does = button(form);
  return [
    {
      title: safe(title(form)),
      entries: fields(form, state).map(({ label, hint }): Entry => [safe(label), safe(hint) || 'as it says']),
    },
    {
      title: 'Keys of the form',
      entries: [
        ['↑ ↓ shift+tab', 'Another field'],
        ['tab', 'Put in what is offered, again the next of it; where nothing is, the next field'],
        ['space ← →', 'Yes or no, in a field that is that'],
        ['enter', `The next field; on the button: ${does}`],
        ['^S', does],
        ['esc', 'Leave the form, and do nothing'],
      ],
    },
    typingKeys,
  ];
}

const prompts: Readonly<Record<PromptKind, string>> = {
  filter:
    'Words that must all hold. On the instances: letters of the name in their order, parts of addresses, images and profiles, ' +
    'and status=running, limits.memory=1GiB, ipv4=10.0.0.0/8, remote=office as in "yurt list". Elsewhere: parts of what the ' +
    'list shows. ! before a word: it must not hold.',
  search: 'What is found is marked, in capital or small letters.',
  'line-filter': 'Only the lines with this text are shown; after a ! those without it.',
  run: 'A command for /bin/sh in the instance. Its output has the whole terminal until a key is pressed.',
  create: 'Letters, digits and dashes. All else of it is edited afterwards.',
  push: 'The path of a file or directory of this computer, from where yurt was started.',
  save: 'The path of a new file of this computer, from where yurt was started.',
  snapshot: 'Empty: a name as the instance is set up to give (snapshots.pattern).',
  rename: 'Letters, digits and dashes; another than any instance of the project has.',
  copy: 'Of the new instance; empty: the server picks one.',
  'rename-snapshot': 'Another than any snapshot of the instance has.',
  'rename-object': 'Another than any other has.',
  'snapshot-expiry': 'A time from now (1w, 1d 12H, 30M) or a date (2031-05-01, 2031-05-01 18:00); empty: never.',
};

function promptParts(kind: PromptKind): Part[] {
  const move: readonly Entry[] = kind === 'filter' ? [['↑ ↓', 'Move in the list']] : [];
  return [
    {
      title: 'What is typed',
      about: prompts[kind],
      entries: [['enter', 'Take it'], ['esc', 'Leave it as it was'], ...move],
    },
    typingKeys,
  ];
}

const paletteKeys: Part = {
  title: 'Commands',
  about: 'Every command that is meant here, by its name or by words of what it does; with the first of its keys.',
  entries: [
    ['↑ ↓ tab', 'Another command'],
    ['enter', 'Carry it out'],
    ['esc', 'Leave'],
  ],
};

function confirmParts({ expected, action }: Confirmation): Part[] {
  const scroll: Entry = ['↑ ↓', 'Move, where there is more than fits'];
  if (expected === undefined) {
    const leave: Entry = ['any other key', 'Leave it'];
    return [{ title: 'Sure?', entries: [['y enter', `Sure: ${action}`], leave, scroll] }];
  }
  const about = `What runs is lost by a slip of a finger: to ${action}, the word in the box must be typed.`;
  return [
    {
      title: 'Sure?',
      about,
      entries: [
        ['enter', `Sure: ${action}`],
        ['esc', 'Leave it'],
      ],
    },
    typingKeys,
  ];
}

const sortKeys: Part = {
  title: 'Sort by',
  entries: [
    ['↑ ↓ j k', 'Another column'],
    ['enter', 'Sort by it; again: reverse'],
    ['1 … 9', 'Sort by that column at once'],
    ['esc', 'Leave the order as it is'],
  ],
};

const readingKeys: Part = {
  title: 'A text to read',
  entries: [
    ['↑ ↓ j k', 'Down, up'],
    ['PgDn PgUp space', 'By pages'],
    ['g Home', 'To the beginning'],
    ['any other key', 'Close it'],
  ],
};

/** What `editLine` does. */
const typingKeys: Part = {
  title: 'While typing',
  entries: [
    ['← → ^B ^F', 'By one character'],
    ['Home End ^A ^E', 'To the beginning, to the end'],
    ['⌫ delete', 'Take a character away, before or under the cursor'],
    ['^W', 'Take away the word before the cursor'],
    ['^U ^K', 'Take away all before, all after the cursor'],
  ],
};

function entryLines(keys: string, help: string, width: number): Line[] {
  const rows = wrappedWords(help, width - labelWidth - 2);
  return rows.map((row, index) => line(span(` ${fit(index === 0 ? keys : '', labelWidth)} `, 'key'), row));
}
