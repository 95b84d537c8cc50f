import { fit, type Line, line, span } from '../frame/line.ts';
import type { Data } from '../state/state.ts';
import {
  commandOf,
  isSwitch,
  isText,
  suggestionsFor,
  type Wizard,
  type WizardField,
  wizardFields,
} from '../state/wizard.ts';
import { editorSpans } from './footer-view.ts';
import { safe } from './safe.ts';

const labels: Readonly<Record<WizardField, string>> = {
  image: 'Image',
  name: 'Name',
  profiles: 'Profiles',
  config: 'Configuration',
  network: 'Network',
  pool: 'Storage pool',
  ephemeral: 'Ephemeral',
  start: 'Start it',
  launch: '',
};

const hints: Readonly<Record<WizardField, string>> = {
  image: 'local, or built from a recipe when it is not here yet',
  name: 'empty: a random one',
  profiles: 'separated by commas; empty: default',
  config: 'limits.cpu=2 limits.memory=1GiB …',
  network: 'empty: what the profiles say',
  pool: 'empty: what the profiles say',
  ephemeral: 'deleted when it stops',
  start: '',
  launch: '',
};

const maxSuggestions = 6;

/** The form, the suggestions for the field one is in, and the command that does the same. */
export function wizardLines(wizard: Wizard, data: Data): Line[] {
  const lines = wizardFields.flatMap((field) => fieldLines(wizard, field));
  const suggestions = suggestionsFor(wizard, data);
  const first = Math.max(0, Math.min(wizard.suggestion - maxSuggestions + 1, suggestions.length - maxSuggestions));
  const shown = suggestions.slice(first, first + maxSuggestions).map((text, index) => {
    const one = line(`   ${first + index === wizard.suggestion ? '▸' : ' '} ${safe(text)}`);
    return first + index === wizard.suggestion ? { ...one, base: 'selected' as const } : one;
  });
  const rest = suggestions.length - first - shown.length;
  const room = Array.from({ length: maxSuggestions - shown.length }, () => line());
  return [
    ...lines,
    line(),
    wizard.error === undefined ? line(span(hints[wizard.focus], 'dim')) : line(span(safe(wizard.error), 'bad')),
    ...shown,
    ...room,
    line(span(rest > 0 ? `     and ${rest} more` : '', 'dim')),
    line(span('$ ', 'dim'), span(safe(commandOf(wizard)), 'accent')),
  ];
}

function fieldLines(wizard: Wizard, field: WizardField): Line[] {
  const isFocused = wizard.focus === field;
  const mark = isFocused ? '▸ ' : '  ';
  if (field === 'launch') {
    const button = span(wizard.switches.start ? '[ Launch ]' : '[ Create ]', isFocused ? 'selected' : 'strong');
    return [line(mark, button)];
  }
  const label = span(fit(labels[field], 15), isFocused ? 'key' : 'dim');
  if (isSwitch(field)) return [line(mark, label, span(wizard.switches[field] ? '[x] yes' : '[ ] no'))];
  if (!isText(field)) return [];
  const editor = wizard.texts[field];
  return [line(mark, label, ...(isFocused ? editorSpans(editor) : [span(safe(editor.text))]))];
}
