import { Agent, request } from 'node:http';

const lxdSuccess = 200;

/** LXD's REST API over its unix socket, on one connection that is kept. */
export class LxdApi {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Runs a command without streams and waits for its end; it must end with 0. */
  async execute(instance: string, command: readonly string[]): Promise<void> {
    const ended = await this.#operate(`/1.0/instances/${instance}/exec`, {
      ...{ command, 'wait-for-websocket': false, interactive: false, 'record-output': false },
    });
    const status = ended.metadata?.metadata?.return;
    if (status !== 0) throw new Error(`${command.join(' ')} in ${instance} ended with ${status}`);
  }

  async snapshot(instance: string, snapshot: string): Promise<void> {
    await this.#operate(`/1.0/instances/${instance}/snapshots`, { name: snapshot, stateful: false });
  }

  /** Without its snapshots. LXD takes no profiles over by itself: its command line names them. */
  async copy(source: string, name: string): Promise<void> {
    await this.#operate('/1.0/instances', {
      ...{ name, profiles: ['default'], source: { type: 'copy', source, instance_only: true } },
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Starts an operation and waits until it has ended, which must be well. */
  async #operate(path: string, body: object): Promise<LxdAnswer> {
    const started = await this.#call('POST', path, body);
    const ended = await this.#call('GET', `${started.operation}/wait`);
    if (ended.metadata?.status_code !== lxdSuccess) throw new Error(`LXD: POST ${path}: ${ended.metadata?.err}`);
    return ended;
  }

  async #call(method: string, path: string, body?: object): Promise<LxdAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<LxdAnswer>();
    const call = request({ socketPath: this.#socketPath, agent: this.#agent, method, path }, async (response) => {
      try {
        const text = (await response.toArray()).join('');
        const answer: LxdAnswer = JSON.parse(text);
        if (answer.type === 'error') reject(new Error(`LXD: ${answer.error}`));
        else resolve(answer);
      } catch (error) {
        reject(error);
      }
    });
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
    return await promise;
  }
}

interface LxdAnswer {
  readonly type: 'sync' | 'async' | 'error';
  readonly error?: string;
  readonly operation?: string;
  readonly metadata?: {
    readonly status_code?: number;
    readonly err?: string;
    readonly metadata?: { readonly return?: number };
  };
}
