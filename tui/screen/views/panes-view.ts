import { blank, fitLine, type Line, line, type Span, span } from '../frame/line.ts';
import { nameOf } from '../state/batches.ts';
import { type Pane, paneRows, paneWidths } from '../state/panes.ts';
import type { State } from '../state/state.ts';
import { safe } from './safe.ts';

/** The panes side by side, below their titles. */
export function paneLines(state: State): Line[] {
  const widths = paneWidths(state);
  return Array.from({ length: paneRows(state) }, (_, row) => {
    const spans = state.panes.flatMap((pane, index): Span[] => {
      const inner = row === 0 ? titleOf(state, pane) : (pane.lines[row - 1] ?? blank);
      const fitted = fitLine(inner, widths[index] ?? 0).spans;
      return index === 0 ? [...fitted] : [span(row === 0 ? '─' : '│', 'dim'), ...fitted];
    });
    return { spans };
  });
}

function titleOf({ typing }: State, pane: Pane): Line {
  const isTyped = typing.includes(pane.id);
  const rule = '─'.repeat(400);
  return line(span('── ', 'dim'), span(safe(nameOf(pane.key)), isTyped ? 'key' : 'strong'), span(` ${rule}`, 'dim'));
}
