import { Agent, request } from 'node:http';

/** LXD's REST API over its unix socket, on one connection that is kept. */
export class LxdApi {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Runs a command without streams and waits for its end; it must end with 0. */
  async execute(instance: string, command: readonly string[]): Promise<void> {
    const started = await this.#call('POST', `/1.0/instances/${instance}/exec`, {
      ...{ command, 'wait-for-websocket': false, interactive: false, 'record-output': false },
    });
    const ended = await this.#call('GET', `${started.operation}/wait`);
    const status = ended.metadata?.metadata?.return;
    if (status !== 0) throw new Error(`${command.join(' ')} in ${instance} ended with ${status}`);
  }

  close(): void {
    this.#agent.destroy();
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
  readonly metadata?: { readonly metadata?: { readonly return?: number } };
}
