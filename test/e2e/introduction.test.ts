import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run } from '../../server/host/run.ts';
import { Daemon, projectRoot } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { template } from './harness/template.ts';

const longMs = 5 * 60_000;

/** A command line as a user types it, and what its output must look like. */
type Step = readonly [line: string, output?: RegExp];

/**
 * What people of the field learn first, typed with `yurt` for `lxc`: their introduction and their pages of how to do
 * things, in the order of a first day. Other images, and waiting made explicit: nothing else is changed.
 */
const chapters: Readonly<Record<string, readonly Step[]>> = {
  'first steps': [
    ['yurt launch debian/12 first', /Creating first\nStarting first/],
    ['yurt launch tiny second'],
    ['yurt copy first third'],
    ['yurt list', /first[^\n]*RUNNING[\s\S]*second[^\n]*RUNNING[\s\S]*third[^\n]*STOPPED/],
    ['yurt start third'],
    ['yurt info first', /Name: first\n[\s\S]*Status: RUNNING/],
    ['yurt stop second'],
    ['yurt delete second'],
    ['! yurt delete third 2>&1', /Error: .*running/],
    ['yurt delete third --force'],
    ['yurt launch tiny limited --config limits.cpu=1 --config limits.memory=192MiB'],
    ['yurt config show first', /image\.os: Debian/],
    ['yurt config show limited', /limits\.cpu: "1"\n\s+limits\.memory: 192MiB/],
    ['yurt config set limited limits.memory=128MiB'],
    ['yurt config get limited limits.memory', /^128MiB\n$/],
    ['yurt exec first -- bash -c "echo $((6 * 7))"', /^42\n$/],
    ['yurt exec first -- cat /etc/os-release', /Debian GNU\/Linux 12/],
    ['yurt exec first --user 1000 --cwd /tmp -- id -u', /^1000\n$/],
    ['yurt list first -f csv -c ns', /^first,RUNNING\n$/],
    ['yurt list status=running -f json | grep -c \'"name": *"first"\'', /[1-9]/],
  ],
  files: [
    ['yurt file pull first/etc/hosts .'],
    ['echo "1.2.3.4 my-example" >> hosts && yurt file push hosts first/etc/hosts'],
    ['yurt exec first -- tail -1 /etc/hosts', /^1\.2\.3\.4 my-example\n$/],
    ['yurt file pull first/etc/debian_version -', /^12\./],
    ['mkdir -p site/css && echo "<p>" > site/index.html && echo "p {}" > site/css/page.css'],
    ['yurt file push -r -p site first/srv/www'],
    ['yurt exec first -- cat /srv/www/site/css/page.css', /^p \{\}\n$/],
    ['mkdir pulled && yurt file pull -r first/srv/www/site pulled && diff -r site pulled/site'],
    ['yurt file create --type=directory first/srv/made'],
    ['yurt file delete first/etc/hosts'],
    ['! yurt exec first -- test -e /etc/hosts'],
  ],
  snapshots: [
    ['yurt snapshot first clean'],
    ['yurt list first -f csv -c nS', /^first,1\n$/],
    ['yurt info first', /clean/],
    ['yurt exec first -- rm /usr/bin/bash'],
    ['! yurt exec first -- bash -c true 2>&1', /not found/i],
    ['yurt restore first clean'],
    ['yurt exec first -- bash -c "echo back"', /^back\n$/],
    ['yurt config set first snapshots.schedule "@daily"'],
    ['yurt config set first snapshots.expiry 7d'],
    ['yurt snapshot first second --no-expiry'],
    ['yurt copy first/clean from-snapshot && yurt start from-snapshot'],
    ['yurt delete from-snapshot --force'],
    ['yurt delete first/second'],
    ['yurt delete first/clean'],
    ['yurt list first -f csv -c nS', /^first,0\n$/],
  ],
  instances: [
    ['yurt init tiny made'],
    ['yurt list made -f csv -c s', /^STOPPED\n$/],
    ['yurt start made && yurt restart made && yurt pause made'],
    ['yurt list made -f csv -c s', /^FROZEN\n$/],
    ['yurt start made'],
    ['yurt config set made boot.autostart=true user.owner=me'],
    ['yurt config unset made user.owner'],
    ['yurt config get made user.owner', /^\n?$/],
    ['yurt config show made --expanded', /boot\.autostart: "true"[\s\S]*eth0:/],
    ['yurt config show made | sed "s/boot.autostart: .*/boot.autostart: \\"false\\"/" | yurt config edit made'],
    ['yurt config get made boot.autostart', /^false\n$/],
    ['! yurt config set made limits.memroy=1GiB 2>&1', /Error: .*limits\.memroy.*limits\.memory/],
    ['yurt stop made && yurt rename made renamed && yurt start renamed'],
    ['yurt copy renamed copied && yurt copy renamed copied --refresh'],
    ['yurt rebuild tiny copied'],
    ['yurt stop renamed --force && yurt move renamed moved'],
    ['yurt delete moved copied'],
  ],
  devices: [
    ['mkdir -p shared && echo hello > shared/greeting'],
    ['yurt config device add limited share disk source="$PWD/shared" path=/mnt/shared'],
    ['yurt exec limited -- cat /mnt/shared/greeting', /^hello\n$/],
    ['yurt config device list limited', /share/],
    ['yurt config device set limited share readonly=true'],
    ['! yurt exec limited -- touch /mnt/shared/new 2>&1', /Read-only/],
    ['yurt config device remove limited share'],
    ['! yurt exec limited -- test -e /mnt/shared/greeting'],
    ['yurt config device override limited eth0 hwaddr=00:16:3e:11:22:33'],
    ['yurt config device get limited eth0 hwaddr', /^00:16:3e:11:22:33\n$/],
    ['yurt config device show limited', /eth0:\n(\s+.*\n)*\s+hwaddr: 00:16:3e:11:22:33/],
    ['yurt config device add limited null2 unix-char source=/dev/null path=/dev/null2'],
    ['yurt exec limited -- sh -c "echo x > /dev/null2 && ls -l /dev/null2"', /^c/],
  ],
  profiles: [
    ['yurt profile list -f csv -c nu', /^default,/m],
    ['yurt profile show default', /eth0:\n[\s\S]*type: nic/],
    ['yurt profile create small'],
    ['yurt profile set small limits.memory=64MiB limits.processes=200'],
    ['yurt profile device add small tmp disk source=tmpfs: path=/mnt/tmp'],
    ['yurt launch tiny profiled --profile default --profile small'],
    ['yurt exec profiled -- sh -c "mount | grep /mnt/tmp"', /tmpfs/],
    ['yurt profile set small limits.memory=96MiB'],
    ['yurt list profiled -f csv -c nP', /default\nsmall|default.*small/],
    ['yurt profile show small | sed s/96MiB/80MiB/ | yurt profile edit small'],
    ['yurt profile get small limits.memory', /^80MiB\n$/],
    ['! yurt profile delete small 2>&1', /Error: .*use/],
    ['yurt profile remove profiled small && yurt profile add profiled small && yurt profile assign profiled default'],
    ['yurt profile copy small smaller && yurt profile rename smaller smallest && yurt profile delete smallest small'],
    ['yurt delete --force profiled'],
  ],
  projects: [
    ['yurt project create customer -c features.images=false -c features.profiles=false'],
    ['yurt project list -f csv', /^customer,/m],
    ['yurt project set customer limits.instances=1'],
    ['yurt project show customer', /limits\.instances: "1"/],
    ['yurt launch tiny theirs --project customer'],
    ['! yurt launch tiny more --project customer 2>&1', /Error: .*limits\.instances/],
    ['yurt list -f csv -c n', /^(?![\s\S]*theirs)/],
    ['yurt project switch customer && yurt list -f csv -c n && yurt project switch default', /^theirs\n/],
    ['yurt list --all-projects -f csv -c en', /^customer,theirs$/m],
    ['yurt project info customer', /INSTANCES[^\n]*1[^\n]*1/],
    ['! yurt project delete customer 2>&1', /Error: .*(empty|in use|instance)/i],
    ['yurt delete --force theirs --project customer && yurt project delete customer', /^Project customer deleted\n$/],
  ],
  backups: [
    ['yurt exec limited -- sh -c "echo precious > /root/data"'],
    ['yurt snapshot limited before'],
    ['yurt stop limited --force && yurt export limited limited.tar.gz'],
    ['yurt import limited.tar.gz restored && yurt start restored'],
    ['yurt exec restored -- cat /root/data', /^precious\n$/],
    ['yurt list restored -f csv -c nS', /^restored,1\n$/],
    ['yurt publish limited --alias precious-image'],
    ['yurt launch precious-image another'],
    ['yurt exec another -- cat /root/data', /^precious\n$/],
    ['yurt image list -f csv -c l', /precious-image/],
    ['yurt delete --force another restored limited first'],
    ['yurt image delete precious-image'],
  ],
};

describe('a first day with yurt', () => {
  let yurt: Daemon;
  let home: string;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny', 'debian/12'));
      home = mkdtempSync(join(tmpdir(), 'yurt-e2e-home-'));
    },
    { timeout: longMs },
  );

  after(async () => {
    rmSync(home, { recursive: true, force: true });
    await yurt[Symbol.asyncDispose]();
  });

  for (const [title, steps] of Object.entries(chapters)) {
    it(title, { timeout: longMs }, async () => {
      for (const [line, output] of steps) await typed(line, output);
    });
  }

  it('leaves nothing', async () => {
    await eventually(async () => assert.equal(await yurt.ok('list', '--all-projects', '-f', 'csv'), ''));
  });

  async function typed(line: string, output: RegExp | undefined): Promise<void> {
    const env = {
      ...{ YURT_DIR: yurt.directory, HOME: home, YURT_CONF: join(home, 'conf') },
      PATH: `${join(projectRoot, 'bin')}:${process.env['PATH']}`,
    };
    const { exitCode, stdout, stderr } = await run(['sh', '-euc', line], { cwd: home, env });
    assert.equal(exitCode, 0, `${line}\n${stdout}${stderr}`);
    if (output !== undefined) assert.match(stdout, output, line);
  }
});
