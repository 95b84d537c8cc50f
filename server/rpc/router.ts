import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServerDuplexStream,
  type ServiceDefinition,
  type status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Fault, faultMeanings } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import type { Audit } from '../events/event.ts';
import { auditedProject, auditOf, resultOf } from './audit.ts';
import type { Gate } from './gate.ts';
import type { Identity } from './identity.ts';
import { messageTaken } from './inbound-budget.ts';
import { type MethodRule, ruleOf } from './method-rule.ts';
import { writeTo } from './write-message.ts';

/** What every handler gets first. */
export interface Call {
  readonly identity: Identity;
  readonly log: Log;
  /** Aborts when the client cancels or vanishes. */
  readonly signal: AbortSignal;
  /** Of a stream of requests: what its first message was, once it has come and its caller may say so. */
  first?: unknown;
  /** To be called with each message of a stream. Faults: `not-found`, `forbidden`. */
  readonly admitMessage: (message: unknown) => void;
}

export type Unary<Request, Response> = (call: Call, request: Request) => Promise<Response>;
export type ServerStream<Request, Response> = (call: Call, request: Request) => AsyncIterable<Response>;
export type Bidi<Request, Response> = (call: Call, stream: ServerDuplexStream<Request, Response>) => Promise<void>;

/** Our handlers for a service, from the handlers that proto-loader generated for it: every method, exactly typed. */
export type Handlers<Generated> = {
  readonly [Name in keyof Generated as string extends Name ? never : number extends Name ? never : Name]: Handler<
    Generated[Name]
  >;
};

type Handler<Generated> =
  Generated extends handleUnaryCall<infer Request, infer Response>
    ? Unary<Request, Response>
    : Generated extends handleServerStreamingCall<infer Request, infer Response>
      ? ServerStream<Request, Response>
      : Generated extends handleBidiStreamingCall<infer Request, infer Response>
        ? Bidi<Request, Response>
        : never;

export interface RouterDeps {
  readonly log: Log;
  /** Who the peer of a call is, from what the transport knows of it. */
  readonly identify: (peer: string) => Identity | undefined;
  readonly gate: Gate;
  /** Fault `not-found` for a project that does not exist. */
  readonly checkProject: (name: string) => Promise<unknown>;
  /** Told of every call that changed or ran something, or was refused. */
  readonly audit: (audit: Audit, project: string) => void;
}

/** Wraps handlers so that each call is identified, allowed, logged, and its faults become gRPC statuses. */
export function route(deps: RouterDeps, service: ServiceDefinition, handlers: object): UntypedServiceImplementation {
  const byName = handlers as Readonly<Record<string, unknown>>; // typed where each service is defined
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(service)) {
    const handler = byName[name];
    const rule = ruleOf(method);
    if (handler === undefined || rule === undefined) throw new Error(`${method.path} has no handler or no permission`);
    if (method.requestStream) implementation[name] = bidi(deps, rule, handler as Bidi<unknown, unknown>);
    else if (method.responseStream) {
      implementation[name] = serverStream(deps, rule, handler as ServerStream<unknown, unknown>);
    } else implementation[name] = unary(deps, rule, handler as Unary<unknown, unknown>);
  }
  return implementation;
}

interface RawCall {
  getPeer(): string;
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  on(event: 'cancelled', listener: () => void): unknown;
}

function admit(deps: RouterDeps, rule: MethodRule, raw: RawCall): Call {
  const identity = deps.identify(raw.getPeer());
  if (identity === undefined) throw new Fault('unauthenticated', 'The server does not know this client');
  deps.gate.admit(identity, rule);
  // Browsers say where a request comes from; no gRPC client does.
  if (raw.metadata.get('origin').length > 0) throw new Fault('forbidden', 'Web pages may not call this server');
  const abort = new AbortController();
  const cancel = () => abort.abort(new Fault('canceled', 'The client went away'));
  if (raw.cancelled) cancel();
  raw.on('cancelled', cancel);
  return {
    ...{ identity, log: deps.log.child({ rpc: rule.path, caller: identity.name }), signal: abort.signal },
    admitMessage: (message) => deps.gate.check(identity, rule, message),
  };
}

function unary(
  deps: RouterDeps,
  rule: MethodRule,
  handler: Unary<unknown, unknown>,
): handleUnaryCall<unknown, unknown> {
  return (raw, done) => {
    const { request } = raw;
    let call: Call | undefined;
    Promise.resolve()
      .then(async () => {
        call = admit(deps, rule, raw);
        await checkRequest(deps, call, request);
        return deps.gate.answer(call.identity, rule, request, await handler(call, request));
      })
      .then(
        (response) => {
          tell(deps, { rule, raw, call, request });
          done(null, response);
        },
        (error: unknown) => {
          tell(deps, { rule, raw, call, request }, error);
          done(statusOf(deps.log, rule.path, error));
        },
      );
  };
}

interface EndedCall {
  readonly rule: MethodRule;
  readonly raw: RawCall;
  /** Undefined when it was not admitted. */
  readonly call: Call | undefined;
  readonly request: unknown;
}

/** Lets the auditor know of a call that is over. */
function tell(deps: RouterDeps, { rule, raw, call, request }: EndedCall, error?: unknown): void {
  const identity = call?.identity ?? deps.identify(raw.getPeer());
  const audit = auditOf({ identity, rule, request }, resultOf(error));
  if (audit !== undefined) deps.audit(audit, auditedProject(rule, request));
}

function serverStream(
  deps: RouterDeps,
  rule: MethodRule,
  handler: ServerStream<unknown, unknown>,
): handleServerStreamingCall<unknown, unknown> {
  return (raw) => {
    const { request } = raw;
    let call: Call | undefined;
    const pump = async () => {
      call = admit(deps, rule, raw);
      await checkRequest(deps, call, request);
      for await (const message of handler(call, request)) {
        if (call.signal.aborted) return;
        await writeTo(raw, message, call.signal);
      }
    };
    pump().then(
      () => {
        tell(deps, { rule, raw, call, request });
        raw.end();
      },
      (error: unknown) => {
        tell(deps, { rule, raw, call, request }, error);
        raw.emit('error', statusOf(deps.log, rule.path, error));
      },
    );
  };
}

/** Every request that is about a project has a field of that name: what it names must exist, whatever the handler does. */
async function checkRequest({ checkProject }: RouterDeps, call: Call, request: unknown): Promise<void> {
  call.admitMessage(request);
  if (typeof request !== 'object' || request === null || !('project' in request)) return;
  if (typeof request.project === 'string' && request.project !== '') await checkProject(request.project);
}

function bidi(
  deps: RouterDeps,
  rule: MethodRule,
  handler: Bidi<unknown, unknown>,
): handleBidiStreamingCall<unknown, unknown> {
  return (raw) => {
    let call: Call | undefined;
    raw.on('error', () => {}); // a broken stream also cancels the call: that is where it is handled
    Promise.resolve()
      .then(() => {
        const admitted = admit(deps, rule, raw);
        call = { ...admitted, admitMessage: (message) => admitStreamed(deps, rule, admitted, message) };
        return handler(call, raw);
      })
      .then(
        () => {
          tell(deps, { rule, raw, call, request: call?.first });
          raw.end();
        },
        (error: unknown) => {
          tell(deps, { rule, raw, call, request: call?.first }, error);
          raw.emit('error', statusOf(deps.log, rule.path, error));
        },
      );
  };
}

/**
 * What begins a stream is what it is about, and is looked at first. It may go on for days: that it has begun is told too.
 * Later messages that name a project are looked at as well.
 */
function admitStreamed(deps: RouterDeps, rule: MethodRule, { identity, admitMessage }: Call, message: unknown): void {
  const begins = typeof message === 'object' && message !== null && 'start' in message && message.start;
  if (!begins) return;
  admitMessage(message);
  const audit = auditOf({ identity, rule, request: message }, 'begun');
  if (audit !== undefined) deps.audit(audit, auditedProject(rule, message));
}

/**
 * The messages of a client. Unlike a stream's own iterator, this one leaves the stream whole at their end: a client that has
 * nothing more to say still waits for its answer. Faults: `not-found` and `forbidden` for a beginning that its caller may
 * not make; `invalid` for a stream that begins with anything else than `start`.
 */
export async function* messagesOf<Request extends { readonly start?: unknown }>(
  call: Call,
  stream: ServerDuplexStream<Request, unknown>,
): AsyncGenerator<Request, void> {
  try {
    for await (const request of stream.iterator({ destroyOnReturn: false })) {
      if (call.first === undefined && !request.start) {
        throw new Fault('invalid', 'The first message must be `start`');
      }
      const isFirst = call.first === undefined;
      call.first ??= request;
      if (isFirst || request.start) call.admitMessage(request);
      yield request;
      messageTaken(stream);
    }
  } catch (error) {
    throw clientHasGone(error) ? new Fault('canceled', 'The client has gone', { cause: error }) : error;
  }
}

/** At any time, and that is no defect. */
function clientHasGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** Beyond this a message is cut: statuses travel in HTTP/2 headers. */
const maxMessageLength = 4000;

function statusOf(log: Log, path: string, error: unknown): { code: status; details: string; metadata: Metadata } {
  const fault = Fault.from(error);
  if (fault.code === 'internal') log.error({ err: error, rpc: path }, 'a call failed');
  const metadata = new Metadata();
  metadata.set('yurt-fault', fault.code);
  return { code: faultMeanings[fault.code].grpcStatus, details: fault.message.slice(0, maxMessageLength), metadata };
}
