import { fileKeys, recipeKeys, recipeLimits, releaseKeys, templateKeys } from './recipe-keys.ts';

/** The reference of recipes in Markdown, for docs/guides/images.md. */
export function recipeReference(): string {
  const parts = [
    section('Keys of a recipe', recipeKeys),
    section('Keys of a release', releaseKeys),
    section('Keys of a file', fileKeys),
    section('Keys of a template', templateKeys),
    `Limits: ${Object.entries(recipeLimits)
      .map(([name, limit]) => `${spelled(name)} ${limit}`)
      .join(', ')}. An unknown key, a key that is there twice, an alias or an anchor is an error.`,
  ];
  return `${parts.join('\n\n')}\n`;
}

interface DocumentedKey {
  readonly required: boolean;
  readonly only?: string;
  readonly doc: string;
}

function section(title: string, keys: Readonly<Record<string, DocumentedKey>>): string {
  const rows = Object.entries(keys).map(([name, { required, only, doc }]) => {
    const notes = [required ? 'Required.' : '', only === undefined ? '' : `With \`from: ${only}\`.`, doc];
    return `- \`${name}\`: ${notes.filter((note) => note !== '').join(' ')}`;
  });
  return [`### ${title}`, '', ...rows].join('\n');
}

/** `maxFileBytes` → `file bytes`. */
function spelled(name: string): string {
  return name
    .replace(/^max/, '')
    .replaceAll(/([A-Z])/g, ' $1')
    .trim()
    .toLowerCase();
}
