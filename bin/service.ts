/** yurtd as a service of systemd: the units of `bin/systemd`, for this checkout. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const units = '/etc/systemd/system';

/** Whether systemd runs this machine: sd_booted(3). */
export function hasServiceManager(): boolean {
  return existsSync('/run/systemd/system');
}

/**
 * Installs the units or brings them up to date, starts the service and lets it start at each boot. Returns when the server
 * is ready. Throws when systemd refuses.
 */
export function startService(root: string): void {
  const names = readdirSync(join(root, 'bin/systemd'));
  const written = names.filter((name) => writeUnit(name, readFileSync(join(root, 'bin/systemd', name), 'utf8'), root));
  if (written.length > 0) systemctl('daemon-reload');
  systemctl('enable', '--now', ...names);
}

/** Returns whether the unit is another than before. */
function writeUnit(name: string, template: string, root: string): boolean {
  const path = join(units, name);
  const text = unitText(template, root);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false;
  writeFileSync(path, text, { mode: 0o644 });
  console.log(`Installed ${path}`);
  return true;
}

/** systemd.unit(5): in a path between quotation marks a percent sign is a specifier, and a backslash escapes. */
export function unitText(template: string, root: string): string {
  const path = root.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%');
  return template.replaceAll('@root@', () => path);
}

function systemctl(...args: string[]): void {
  execFileSync('systemctl', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
