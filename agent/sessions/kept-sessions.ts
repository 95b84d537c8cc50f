import { type AttachRequest, type KeepRequest, type KeptState, maxKeptSessions } from '../../proto/agent/sessions.ts';
import type { Children } from '../children.ts';
import type { Launcher } from '../launcher.ts';
import type { Attachment, SessionPeer } from './attachment.ts';
import { KeptSession } from './kept-session.ts';

export const keptLimits = {
  sessions: maxKeptSessions,
  /** Of each output of a session: that of all fits into what an agent may have. */
  keptBytes: 256 * 1024,
  /** What a session said last, and how it ended, can be asked for so long. */
  endedKeepMs: 60 * 60_000,
};

/** The sessions of an instance: they live here, so that they outlive connections and servers. */
export class KeptSessions {
  readonly #tools: { readonly children: Children; readonly launcher: Launcher };
  readonly #limits: typeof keptLimits;
  /** Told of each session that there is more or less. */
  readonly #onChange: (change: 1 | -1) => void;
  readonly #sessions = new Map<string, KeptSession>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(
    tools: { readonly children: Children; readonly launcher: Launcher },
    onChange: (change: 1 | -1) => void,
    limits = keptLimits,
  ) {
    this.#tools = tools;
    this.#onChange = onChange;
    this.#limits = limits;
  }

  /** Undefined when there are as many as there may be, or one of that name. Throws what starting a command throws. */
  keep(request: KeepRequest, peer: SessionPeer): Attachment | undefined {
    if (this.#sessions.size >= this.#limits.sessions || this.#sessions.has(request.session)) return undefined;
    const session = new KeptSession(this.#tools, request, {
      ...{ peer, keptBytes: this.#limits.keptBytes },
      events: {
        ended: () => this.#forgetLater(request.session),
        failed: () => this.#forget(request.session),
      },
    });
    this.#sessions.set(session.id, session);
    this.#onChange(1);
    return session.attachment;
  }

  /** Undefined when there is no such session. Output begins with the first grant. */
  attach(request: AttachRequest, peer: SessionPeer): Attachment | undefined {
    return this.#sessions.get(request.session)?.attach(request, peer);
  }

  /** Kills what runs in it. Idempotent. */
  end(id: string): void {
    const session = this.#sessions.get(id);
    this.#forget(id);
    session?.end();
  }

  list(): KeptState[] {
    return [...this.#sessions.values()].map(({ state }) => state);
  }

  #forgetLater(id: string): void {
    if (!this.#sessions.has(id)) return;
    this.#timers.set(
      id,
      setTimeout(() => this.#forget(id), this.#limits.endedKeepMs),
    );
  }

  #forget(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    if (this.#sessions.delete(id)) this.#onChange(-1);
  }
}
