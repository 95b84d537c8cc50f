import type { Key } from 'ink';

/** A key by one name: `a`, `A`, `space`, `up`, `enter`, `escape`, `ctrl+c`, `shift+tab`, `pageDown`. */
export type KeyName = string;

export interface KeyPress {
  readonly key: KeyName;
  /** What it types, where text is typed; empty for keys that type nothing. */
  readonly text: string;
}

const named = [
  ...(['upArrow', 'downArrow', 'leftArrow', 'rightArrow', 'pageUp', 'pageDown', 'home', 'end'] as const),
  ...(['return', 'escape', 'backspace', 'delete'] as const),
] as const;

const shortNames: Partial<Record<(typeof named)[number], string>> = {
  upArrow: 'up',
  downArrow: 'down',
  leftArrow: 'left',
  rightArrow: 'right',
  return: 'enter',
};

const keyPattern =
  /^([!-~]|space|enter|escape|backspace|delete|tab|shift\+tab|((ctrl\+)?(up|down|left|right|pageUp|pageDown|home|end))|ctrl\+[a-z]|alt\+[!-~])$/;

/** Whether a key that has this name can be pressed. */
export function isKeyName(name: string): name is KeyName {
  return keyPattern.test(name);
}

/** The key presses of one event of Ink: several when a slow line delivers what was typed at once. */
export function keyPresses(input: string, key: Key): KeyPress[] {
  if (key.tab) return [{ key: key.shift ? 'shift+tab' : 'tab', text: '' }];
  const name = named.find((one) => key[one]);
  if (name !== undefined) {
    const short = shortNames[name] ?? name;
    return [{ key: key.ctrl ? `ctrl+${short}` : short, text: '' }];
  }
  if (key.ctrl) return input === '' ? [] : [{ key: `ctrl+${input.toLowerCase()}`, text: '' }];
  if (key.meta) return input === '' ? [] : [{ key: `alt+${input}`, text: '' }];
  return [...input].flatMap(typedKey);
}

/** One of several characters that came together. */
function typedKey(text: string): KeyPress[] {
  if (text === '\r' || text === '\n') return [{ key: 'enter', text: '' }];
  if (text === '\t') return [{ key: 'tab', text: '' }];
  if (text === '\x7f' || text === '\b') return [{ key: 'backspace', text: '' }];
  const code = text.codePointAt(0) ?? 0;
  if (code > 0 && code <= 26) return [{ key: `ctrl+${String.fromCharCode(code + 96)}`, text: '' }];
  return code < 0x20 ? [] : [{ key: text === ' ' ? 'space' : text, text }];
}
