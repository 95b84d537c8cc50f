import { forms } from '../forms/registry.ts';
import { cut, fit, fitLine, type Line, line, type Span, span, widthOf, wrapped, wrappedWords } from '../frame/line.ts';
import { keysOf } from '../keys/bindings.ts';
import { paletteCommands } from '../keys/overlay-update.ts';
import type { Confirmation, Overlay } from '../state/overlay.ts';
import { type State, shownTable } from '../state/state.ts';
import { shownColumns } from '../tables/columns.ts';
import { tables } from '../tables/registry.ts';
import { editorSpans, typingHelp } from './footer-view.ts';
import { formLines } from './form-view.ts';
import { helpLines } from './help-lines.ts';
import { keyLabel } from './key-label.ts';
import { keyWord } from './key-word.ts';
import { safe } from './safe.ts';

interface Box {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Shown below the lines, whatever part of them is. */
  readonly hint: string;
  /** The first of the lines that is shown. */
  readonly offset: number;
}

const maxBoxWidth = 96;

/** The frame with the open box in its middle. */
export function withOverlay(state: State, frame: readonly Line[], overlay: Overlay): Line[] {
  const { columns, rows } = state.size;
  const width = Math.min(columns, maxBoxWidth);
  const box = boxOf(state, overlay, width - 4);
  const height = Math.max(1, Math.min(box.lines.length, rows - 5));
  const offset = Math.min(box.offset, Math.max(0, box.lines.length - height));
  const shown = box.lines.slice(offset, offset + height);
  const more = box.lines.length > height ? ` ${offset + 1}-${offset + height} of ${box.lines.length} ` : '';
  const inner = [
    edge('╭', ` ${box.title} `, '╮', width),
    ...shown.map((one) => framed(one, width)),
    ...(box.hint === '' ? [] : [framed(line(), width), framed(line(span(box.hint, 'dim')), width)]),
    edge('╰', more, '╯', width),
  ];
  const top = Math.max(0, Math.floor((rows - inner.length) / 2));
  const left = Math.floor((columns - width) / 2);
  return frame.map((under, index) => {
    const over = inner[index - top];
    return over === undefined ? under : laid(under, over, left, width, columns);
  });
}

function boxOf(state: State, overlay: Overlay, width: number): Box {
  switch (overlay.kind) {
    case 'help':
      return { title: 'Keys', lines: helpLines(state, width, overlay.over), hint: '', offset: overlay.offset };
    case 'results':
      return {
        ...{
          title: safe(overlay.title),
          offset: overlay.offset,
          hint: `${keyWord(state.bindings, 'copy-screen')} copies it   any other key closes`,
        },
        lines: overlay.lines.flatMap((text) => wrappedWords(safe(text), width).map((row) => line(row))),
      };
    case 'sort':
      return {
        title: 'Sort by',
        lines: sortLines(state, overlay.index),
        hint: `enter sorts, again reverses   ${keyWord(state.bindings, 'help')} help`,
        offset: 0,
      };
    case 'palette':
      return paletteBox(state, overlay, width);
    case 'confirm':
      return {
        ...{ title: safe(overlay.title), lines: confirmLines(overlay, width), hint: confirmHint(state, overlay) },
        offset: overlay.offset ?? 0,
      };
    case 'form': {
      const { title, button } = forms[overlay.form.name];
      const does = button(overlay.form).toLowerCase();
      return {
        ...{ title: safe(title(overlay.form)), lines: formLines(state, overlay.form, width), offset: 0 },
        hint: `${typingHelp(state)}↑↓ field  tab completes  space toggles  ^S ${does}  esc leaves`,
      };
    }
  }
}

function sortLines(state: State, index: number): Line[] {
  const name = shownTable(state);
  if (name === undefined) return [];
  return shownColumns(tables[name], state).map(({ title, id }, at) => {
    const { sort } = state.tables[name];
    const now = sort.column === id ? (sort.descending ? '  now, descending' : '  now, ascending') : '';
    const one = line(`${at === index ? '▸' : ' '} ${at + 1}  ${title}`, span(now, 'dim'));
    return at === index ? { ...one, base: 'selected' as const } : one;
  });
}

const paletteRows = 12;

function paletteBox(state: State, overlay: Extract<Overlay, { kind: 'palette' }>, width: number): Box {
  const offered = paletteCommands(state, overlay.editor.text);
  const first = Math.max(0, Math.min(overlay.index - paletteRows + 1, offered.length - paletteRows));
  const lines = offered.slice(first, first + paletteRows).map((command, at): Line => {
    const isChosen = first + at === overlay.index;
    const keys = keysOf(state.bindings, command).slice(0, 1).map(keyLabel).join('');
    const one = line(
      ...[
        `${isChosen ? '▸' : ' '} ${fit(command.id, 16)} `,
        span(`${fit(keys, 5)} `, 'key'),
        span(cut(command.help, width - 26), 'dim'),
      ],
    );
    return isChosen ? { ...one, base: 'selected' } : one;
  });
  const none = offered.length === 0 ? [line(span('No such command', 'dim'))] : [];
  const input = line(span(':', 'key'), ...editorSpans(overlay.editor, width - 1));
  return { title: 'Commands', lines: [input, line(), ...lines, ...none], hint: typingHelp(state).trim(), offset: 0 };
}

function confirmLines({ lines, expected, editor, action, isDifference = false }: Confirmation, width: number): Line[] {
  const roleOf = (one: string) => (one.startsWith('+ ') ? 'good' : one.startsWith('- ') ? 'bad' : undefined);
  const text = isDifference
    ? lines.flatMap((one) => wrapped(line(span(safe(one), roleOf(one))), width))
    : lines.flatMap((one) => wrappedWords(safe(one), width).map((row) => line(row)));
  if (expected === undefined) return text.length === 0 ? [line(`Sure to ${action}?`)] : text;
  return [
    ...text,
    line(),
    line(`To ${action}, type `, span(safe(expected), 'bad'), ' and press enter:'),
    line('> ', ...editorSpans(editor, width - 2)),
  ];
}

function confirmHint(state: State, { expected, action }: Confirmation): string {
  if (expected !== undefined) return `${typingHelp(state)}esc: leave it`;
  return `y or enter: ${action}   ${keyWord(state.bindings, 'help')}: help   any other key: leave it`;
}

function edge(start: string, title: string, end: string, width: number): Line {
  const text = cut(title, width - 4);
  const rest = Math.max(0, width - 3 - widthOf(text));
  return line(span(`${start}─`, 'dim'), span(text, 'strong'), span(`${'─'.repeat(rest)}${end}`, 'dim'));
}

function framed(one: Line, width: number): Line {
  const inner = fitLine(one, width - 4).spans.map((part): Span => {
    const role = part.role ?? one.base;
    return role === undefined ? part : { ...part, role };
  });
  return line(span('│ ', 'dim'), ...inner, span(' │', 'dim'));
}

/** One line with another in its middle. */
function laid(under: Line, over: Line, left: number, width: number, columns: number): Line {
  const before = withBase(fitLine(under, left), under);
  const beginning = fitLine(under, left + width).spans;
  const size = beginning.reduce((sum, { text }) => sum + text.length, 0);
  const rest = [
    ...fitLine(under, columns)
      .spans.map(({ text }) => text)
      .join(''),
  ]
    .slice(size)
    .join('');
  return { spans: [...before, ...over.spans, span(cut(rest, columns - left - width))] };
}

function withBase({ spans }: Line, { base }: Line): readonly Span[] {
  return base === undefined ? spans : spans.map((one) => ({ ...one, role: base }));
}
