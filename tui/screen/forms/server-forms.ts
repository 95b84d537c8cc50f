import { asking } from '../keys/command.ts';
import { type FormSpec, textIn } from './form.ts';
import { listIn } from './instance-forms.ts';
import { shellWord } from './words.ts';

/** A token that lets one client in. */
export const tokenSpec: FormSpec = {
  title: () => 'Let a client in',
  button: () => 'Make a token',
  fields: (_form, { data }) => [
    { id: 'name', label: 'Name', hint: 'what the client is called here', kind: 'text' },
    {
      id: 'restricted',
      label: 'Restricted',
      hint: 'to what is in the projects, and what the groups permit',
      kind: 'switch',
    },
    {
      ...{ id: 'projects', label: 'Projects', hint: 'separated by commas', kind: 'text', separator: ',' },
      ...{ choices: [...data.projects.keys()], source: 'projects' },
    },
    {
      ...{ id: 'groups', label: 'Groups', hint: 'who is in one is restricted to what it permits', kind: 'text' },
      ...{ separator: ',', source: 'trust' },
      choices: [...data.trust.values()].flatMap((row) => ('group' in row ? [row.group.name] : [])),
    },
  ],
  command: (form) => {
    const words = ['yurt', 'config', 'trust', 'add', textIn(form, 'name')];
    if (form.switches['restricted'] === true) words.push('--restricted');
    if (listIn(form, 'projects').length > 0) words.push('--projects', listIn(form, 'projects').join(','));
    if (listIn(form, 'groups').length > 0) words.push('--groups', listIn(form, 'groups').join(','));
    return textIn(form, 'name') === '' ? '' : words.map(shellWord).join(' ');
  },
  submit: (form, state) => {
    const name = textIn(form, 'name');
    const [projects, groups] = [listIn(form, 'projects'), listIn(form, 'groups')];
    const restricted = form.switches['restricted'] === true || groups.length > 0;
    if (name === '') return { error: 'A name is needed' };
    if (!restricted && projects.length > 0) return { error: 'Projects are for a client that is restricted' };
    return asking(state, { kind: 'create-token', name, restricted, projects, groups });
  },
};

/** An image from one of the server's recipes. */
export const buildImageSpec: FormSpec = {
  title: () => 'Build an image',
  button: () => 'Build',
  fields: (_form, { data }) => [
    {
      ...{ id: 'image', label: 'Image', hint: 'what a recipe of the server builds', kind: 'text', source: 'images' },
      choices: data.recipes.flatMap(({ images }) => images),
    },
    { id: 'aliases', label: 'Aliases', hint: 'separated by commas; empty: its name', kind: 'text' },
  ],
  command: (form) => {
    const words = ['yurt', 'image', 'build', textIn(form, 'image')];
    for (const alias of listIn(form, 'aliases')) words.push('--alias', alias);
    return textIn(form, 'image') === '' ? '' : words.map(shellWord).join(' ');
  },
  submit: (form, state) => {
    const image = textIn(form, 'image');
    if (image === '') return { error: 'An image is needed: tab shows what there is' };
    return asking(state, { kind: 'build-image', image, aliases: listIn(form, 'aliases') });
  },
};
