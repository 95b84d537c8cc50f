import type { TemplateTrigger } from '../../templates/template-set.ts';

/** The key of the configuration that says which templates the next start writes besides those of every start. */
export const applyTemplateKey = 'volatile.apply_template';

export type PendingTrigger = Exclude<TemplateTrigger, 'start'>;

type Config = Readonly<Record<string, string>>;

/**
 * The configuration of an instance that was just created, copied or renamed: its next start writes the templates for that,
 * once. One that has not been started since it was created is still new, whatever else happens to it.
 */
export function withPendingTrigger(config: Config, trigger: PendingTrigger): Record<string, string> {
  return { ...config, [applyTemplateKey]: pendingTrigger(config) === 'create' ? 'create' : trigger };
}

/** What the next start has to write for; undefined when that was done. */
export function pendingTrigger(config: Config): PendingTrigger | undefined {
  const value = config[applyTemplateKey];
  return value === 'create' || value === 'copy' || value === 'rename' ? value : undefined;
}

/** The configuration after a start. */
export function withoutPendingTrigger({ [applyTemplateKey]: _done, ...config }: Config): Config {
  return config;
}
