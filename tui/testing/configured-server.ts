import type { Instance } from '../../proto/gen/yurt/v1/Instance.ts';
import type { Profile } from '../../proto/gen/yurt/v1/Profile.ts';
import { Refusal, ScriptedServer } from './scripted-server.ts';

const aborted = 10;

/** A scripted server that keeps one instance, one profile and a configuration of its own, each with a tag. */
export class ConfiguredServer implements AsyncDisposable {
  readonly scripted: ScriptedServer;
  instance: Instance;
  profile: Profile;
  serverConfig: Record<string, string> = { 'user.rack': '7' };
  /** Called before each update is looked at: another client that comes first. */
  before: () => void = () => {};
  #version = 1;

  private constructor(scripted: ScriptedServer, instance: Instance, profile: Profile) {
    this.scripted = scripted;
    this.instance = instance;
    this.profile = profile;
  }

  static async start(instance: Instance, profile: Profile): Promise<ConfiguredServer> {
    const server = new ConfiguredServer(await ScriptedServer.start(), instance, profile);
    server.#script();
    return server;
  }

  get socket(): string {
    return this.scripted.socket;
  }

  /** Somebody changed something: all tags are new. */
  touch(): void {
    this.#version += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scripted[Symbol.asyncDispose]();
  }

  #script(): void {
    this.scripted
      .on('InstanceService', 'GetInstance', () => ({ instance: this.#tagged(this.instance) }))
      .on('InstanceService', 'UpdateInstance', (request) => {
        this.#check(request.etag);
        const { description, ephemeral, profiles, config, devices } = request;
        this.instance = { ...this.instance, description, ephemeral, profiles, config, devices };
        return { instance: this.#tagged(this.instance) };
      })
      .on('ProfileService', 'GetProfile', ({ name }) => {
        if (name !== this.profile.name) throw Refusal.notFound(`Profile "${name}" does not exist`);
        return { profile: this.#tagged(this.profile) };
      })
      .on('ProfileService', 'UpdateProfile', (request) => {
        this.#check(request.etag);
        const { description, config, devices } = request;
        this.profile = { ...this.profile, description, config, devices };
        return { profile: this.#tagged(this.profile) };
      })
      .on('ServerService', 'GetServerConfig', () => this.#tagged({ config: this.serverConfig }))
      .on('ServerService', 'UpdateServerConfig', ({ config, etag }) => {
        this.#check(etag);
        this.serverConfig = config;
        return this.#tagged({ config });
      });
  }

  #check(etag: string): void {
    this.before();
    if (etag !== String(this.#version)) throw new Refusal(aborted, 'It was changed by somebody else in the meantime');
    this.touch();
  }

  #tagged<Message>(message: Message): Message & { etag: string } {
    return { ...message, etag: String(this.#version) };
  }
}
