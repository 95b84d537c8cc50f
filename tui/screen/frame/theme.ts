/** What a text is for; a theme says how that looks. */
export type Role =
  | 'accent'
  | 'bad'
  | 'bar'
  | 'busy'
  | 'dim'
  | 'good'
  | 'header'
  | 'key'
  | 'marked'
  | 'match'
  | 'selected'
  | 'strong'
  | 'warn';

export const themeNames = ['dark', 'light', 'plain'] as const;
export type ThemeName = (typeof themeNames)[number];

/** 0 none, 1 sixteen colours, 2 two hundred and fifty-six, 3 all. */
export type ColourDepth = 0 | 1 | 2 | 3;

/** SGR parameters for each role (ECMA-48 8.3.117), such as `1;38;5;110`. */
export type Theme = Readonly<Record<Role, string>>;

type Look = readonly [sixteen: string, many: string, all: string];

/** Selections and bars stay visible without any colour. */
const plain: Theme = {
  ...{ accent: '', bad: '1', bar: '7', busy: '', dim: '', good: '', header: '1' },
  ...{ key: '1', marked: '1', match: '4', selected: '7', strong: '1', warn: '1' },
};

const dark: Readonly<Record<Role, Look>> = {
  accent: ['36', '38;5;80', '38;2;94;210;214'],
  bad: ['31', '38;5;203', '38;2;255;107;107'],
  bar: ['7', '48;5;236;38;5;252', '48;2;38;44;56;38;2;214;220;232'],
  busy: ['33', '38;5;221', '38;2;247;206;104'],
  dim: ['90', '38;5;244', '38;2;128;136;152'],
  good: ['32', '38;5;114', '38;2;126;211;133'],
  header: ['1', '1;38;5;250', '1;38;2;190;197;212'],
  key: ['1;36', '1;38;5;80', '1;38;2;94;210;214'],
  marked: ['1;33', '1;38;5;221', '1;38;2;247;206;104'],
  match: ['30;43', '38;5;16;48;5;221', '38;2;20;20;20;48;2;247;206;104'],
  selected: ['7', '48;5;24;38;5;231', '48;2;30;74;118;38;2;255;255;255'],
  strong: ['1', '1', '1'],
  warn: ['33', '38;5;215', '38;2;255;176;92'],
};

const light: Readonly<Record<Role, Look>> = {
  accent: ['34', '38;5;25', '38;2;0;90;160'],
  bad: ['31', '38;5;160', '38;2;190;20;30'],
  bar: ['7', '48;5;253;38;5;235', '48;2;222;226;234;38;2;30;34;44'],
  busy: ['35', '38;5;130', '38;2;150;90;0'],
  dim: ['90', '38;5;242', '38;2;100;106;118'],
  good: ['32', '38;5;28', '38;2;20;120;40'],
  header: ['1', '1;38;5;238', '1;38;2;60;66;78'],
  key: ['1;34', '1;38;5;25', '1;38;2;0;90;160'],
  marked: ['1;35', '1;38;5;130', '1;38;2;150;90;0'],
  match: ['30;43', '38;5;16;48;5;222', '38;2;0;0;0;48;2;255;222;130'],
  selected: ['7', '48;5;153;38;5;16', '48;2;176;212;248;38;2;0;0;0'],
  strong: ['1', '1', '1'],
  warn: ['35', '38;5;166', '38;2;190;90;0'],
};

export function themeOf(name: ThemeName, depth: ColourDepth): Theme {
  if (name === 'plain' || depth === 0) return plain;
  const looks = name === 'dark' ? dark : light;
  const at = (look: Look) => look[depth - 1] ?? '';
  return Object.fromEntries(Object.entries(looks).map(([role, look]) => [role, at(look)])) as Theme; // same keys
}

type Env = Readonly<Record<string, string | undefined>>;

/** Colours of the terminal, by what it says of itself. https://no-color.org; COLORTERM is a custom of terminals. */
export function colourDepth(env: Env): ColourDepth {
  const term = env['TERM'] ?? '';
  if ((env['NO_COLOR'] ?? '') !== '' || term === 'dumb' || /-m(ono)?$/.test(term)) return 0;
  if (/^(truecolor|24bit)$/.test(env['COLORTERM'] ?? '') || /-direct$/.test(term)) return 3;
  return /256color/.test(term) ? 2 : 1;
}

/** `YURT_THEME` when it names one, else what was set; without either by `COLORFGBG`, whose last number is the background's (7 and 15 are light). */
export function themeName(env: Env, set?: ThemeName): ThemeName {
  const wanted = themeNames.find((name) => name === env['YURT_THEME']) ?? set;
  return wanted ?? (/;(7|15)$/.test(env['COLORFGBG'] ?? '') ? 'light' : 'dark');
}
