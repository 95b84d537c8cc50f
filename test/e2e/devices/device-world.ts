import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import { Api } from '../harness/api.ts';
import { Daemon } from '../harness/daemon.ts';
import { template } from '../harness/template.ts';

/** A daemon, a connection to it that changes devices of its instances, and a directory of the host for sources. */
export class DeviceWorld implements AsyncDisposable {
  readonly yurt: Daemon;
  /** Empty at first. */
  readonly host: string;

  private constructor(yurt: Daemon, host: string) {
    this.yurt = yurt;
    this.host = host;
  }

  static async start(): Promise<DeviceWorld> {
    const yurt = await Daemon.start(await template('tiny'));
    return new DeviceWorld(yurt, mkdtempSync(join(tmpdir(), 'yurt-e2e-host-')));
  }

  /** Gives the instance this device, instead of the one of that name; without options takes it away. */
  async set(instance: string, name: string, options: Record<string, string> | undefined): Promise<void> {
    await this.change(instance, { [name]: options });
  }

  /** The same with several devices, in one change. */
  async change(instance: string, wanted: Readonly<Record<string, Record<string, string> | undefined>>): Promise<void> {
    const found = await this.instance(instance);
    const devices = { ...found.devices };
    for (const [name, options] of Object.entries(wanted)) {
      delete devices[name];
      if (options !== undefined) devices[name] = { options };
    }
    const { config, profiles, ephemeral, description, project } = found;
    const request = { name: instance, project, config, profiles, ephemeral, description, devices };
    using api = new Api(this.yurt);
    await new Promise<void>((resolve, reject) => {
      api.instances.UpdateInstance(request, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  async instance(name: string): Promise<Instance__Output> {
    using api = new Api(this.yurt);
    return await new Promise((resolve, reject) => {
      api.instances.GetInstance({ name, project: 'default' }, (error, response) => {
        if (error !== null || !response?.instance) reject(error ?? new Error('no instance'));
        else resolve(response.instance);
      });
    });
  }

  /** What a shell inside prints; the command must succeed. */
  async inside(instance: string, command: string): Promise<string> {
    return (await this.yurt.ok('exec', instance, '--', 'sh', '-c', command)).trim();
  }

  /** A command inside that must fail; returns what it said. */
  async fails(instance: string, command: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.yurt.yurt(['exec', instance, '--', 'sh', '-c', command]);
    assert.notEqual(exitCode, 0, `${command}: ${stdout}`);
    return stderr;
  }

  /** What the server notes of the devices of running instances: nothing when none has any. */
  runs(): string[] {
    return readdirSync(join(this.yurt.directory, 'run/devices'));
  }

  /** Mount points of the instance's init that contain `text`. */
  async mounts(instance: string, text: string): Promise<string[]> {
    const pid = (await this.yurt.ok('list', instance, '-f', 'csv', '-c', 'p')).trim();
    const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
    return lines.map((line) => line.split(' ')[4] ?? '').filter((point) => point.includes(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.yurt[Symbol.asyncDispose]();
    rmSync(this.host, { recursive: true, force: true });
  }
}
