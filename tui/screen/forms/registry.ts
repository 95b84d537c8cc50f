import { deviceSpec, settingSpec } from './content-forms.ts';
import type { FormName, FormSpec } from './form.ts';
import { moveSpec, publishSpec, rebuildSpec } from './instance-forms.ts';
import { launchSpec } from './launch.ts';
import { buildImageSpec, tokenSpec } from './server-forms.ts';

/** The forms by their names. */
export const forms: Readonly<Record<FormName, FormSpec>> = {
  launch: launchSpec,
  move: moveSpec,
  publish: publishSpec,
  rebuild: rebuildSpec,
  setting: settingSpec,
  device: deviceSpec,
  token: tokenSpec,
  'build-image': buildImageSpec,
};
