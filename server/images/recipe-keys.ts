/** What a key of a recipe takes; `recipe.ts` reads each kind in one place. */
export type RecipeKeyKind = 'text' | 'texts' | 'releases' | 'files' | 'templates' | 'commands' | 'properties';

interface RecipeKey {
  readonly kind: RecipeKeyKind;
  readonly required: boolean;
  /** The sources that the key belongs to; absent: all. */
  readonly only?: 'busybox' | 'mmdebstrap';
  readonly doc: string;
}

/** Every bound on a recipe. A recipe beyond one of them is refused. */
export const recipeLimits = {
  maxReleases: 32,
  maxPackages: 500,
  maxExcludes: 100,
  maxFiles: 200,
  maxFileBytes: 256 * 1024,
  maxCommands: 50,
  maxCommandBytes: 64 * 1024,
  maxProperties: 50,
  maxPropertyBytes: 1024,
  maxDescriptionLength: 200,
} as const;

/** The keys of a recipe, in the order of the documentation. */
export const recipeKeys = {
  name: {
    kind: 'text',
    required: true,
    doc: 'The first part of the image name: `debian` of `debian/12`. Lower-case letters, digits, `.`, `_`, `-`.',
  },
  description: { kind: 'text', required: true, doc: 'One line for people.' },
  from: {
    kind: 'text',
    required: true,
    doc: "Where the root comes from. `busybox`: the host's static busybox and a link for each of its applets. `mmdebstrap`: packages from the mirrors of the host's own apt sources.",
  },
  architectures: {
    kind: 'texts',
    required: false,
    doc: 'The architectures that the recipe is known to work on (`x86_64`, `aarch64`); it is built for that of the host. Without this key: all.',
  },
  releases: {
    kind: 'releases',
    required: false,
    doc: 'The releases that it can build, each a mapping from its name to its keys (below). Without this key the recipe builds one image that has the name of the recipe.',
  },
  default: {
    kind: 'text',
    required: false,
    doc: 'The release that the bare name of the recipe means. Required when there are several.',
  },
  variant: {
    kind: 'text',
    required: false,
    only: 'mmdebstrap',
    doc: 'The package set that `packages` is added to: `essential`, `apt` (default), `required`, `important` or `standard`.',
  },
  packages: { kind: 'texts', required: false, only: 'mmdebstrap', doc: 'Packages to install.' },
  exclude: {
    kind: 'texts',
    required: false,
    only: 'mmdebstrap',
    doc: 'Patterns of paths that are not unpacked from packages while the image is built (`/usr/share/info/*`). One that starts with `!` is unpacked nevertheless. Packages that are installed in an instance later are unpacked whole.',
  },
  files: {
    kind: 'files',
    required: false,
    doc: 'Files to write into the root, each with `path` (absolute, resolved inside the root), `content` and `mode` (octal, default `0644`). Missing directories are made. They are owned by root.',
  },
  templates: {
    kind: 'templates',
    required: false,
    doc: 'Files that are written in each instance, from templates: see [templates](templates.md).',
  },
  commands: {
    kind: 'commands',
    required: false,
    doc: 'Scripts for `/bin/sh -eu`, run inside the root in this order after `files` were written. `RELEASE` is the name of the release. They see processes and mounts of their own.',
  },
  properties: {
    kind: 'properties',
    required: false,
    doc: 'Properties of the image (`os`, `variant`, …). `description`, `release`, `architecture` and `serial` are set for every image.',
  },
} as const satisfies Record<string, RecipeKey>;

/** The keys of one release. */
export const releaseKeys = {
  suite: {
    kind: 'text',
    required: false,
    only: 'mmdebstrap',
    doc: 'The suite to install from (`bookworm`). Required there.',
  },
  aliases: {
    kind: 'texts',
    required: false,
    doc: 'Other names of the release: with `bookworm`, `debian/bookworm` is the same image as `debian/12`.',
  },
  packages: { kind: 'texts', required: false, only: 'mmdebstrap', doc: 'More packages, for this release only.' },
} as const satisfies Record<string, RecipeKey>;

/** The keys of one entry of `files`. */
export const fileKeys = {
  path: { kind: 'text', required: true, doc: 'Absolute path in the image.' },
  content: { kind: 'text', required: true, doc: 'The text of the file.' },
  mode: { kind: 'text', required: false, doc: 'Octal permissions, `0644` when absent.' },
} as const satisfies Record<string, RecipeKey>;

/** The keys of one entry of `templates`. */
export const templateKeys = {
  path: { kind: 'text', required: true, doc: 'Absolute path in the instance.' },
  content: { kind: 'text', required: true, doc: 'The text, with tokens.' },
  when: {
    kind: 'texts',
    required: false,
    doc: 'When it is written: `create`, `copy` and `rename` once at the next start, `start` on every start. Without this key: `create`, `copy` and `rename`.',
  },
  create_only: { kind: 'text', required: false, doc: '`true`: a file that is there stays. Default `false`.' },
  mode: {
    kind: 'text',
    required: false,
    doc: 'Octal permissions. Without this key those of the file that is there, or `0644`.',
  },
} as const satisfies Record<string, RecipeKey>;
