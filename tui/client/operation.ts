import type { Operation__Output } from '../../proto/gen/yurt/v1/Operation.ts';
import type { Context } from '../commands/command.ts';
import { byteSize } from '../output/units.ts';
import { ProgressLine } from '../terminal/progress.ts';
import type { Connection } from './connection.ts';
import { Failure, type StatusName } from './failure.ts';
import { followOperation } from './follow-operation.ts';

export interface WaitOptions {
  /** Shows stages as plain lines when stderr is no TTY: for work that takes minutes. */
  readonly plainLines?: boolean;
  /** Shows no progress: another line has the terminal. */
  readonly silent?: boolean;
  /** Called with every new state. */
  readonly onChange?: (operation: Operation__Output) => Promise<void>;
}

/** How long to wait for the end of an operation that Ctrl-C has canceled. */
const cancelTimeoutMs = 10_000;

/**
 * Follows an operation to its end, showing its progress. Ctrl-C (or SIGTERM) cancels it on the server and throws a
 * `Failure` that exits with 130; a second one does not wait. Throws the operation's own fault.
 */
export async function waitFor(
  context: Context,
  connection: Connection,
  operation: Operation__Output | null,
  options: WaitOptions = {},
): Promise<Operation__Output> {
  if (operation === null) throw new Failure('The server answered without an operation');
  const { terminal, global } = context;
  const progress = new ProgressLine(terminal.error, { plainLines: options.plainLines === true });
  const stop = new AbortController();
  const link = async () => (connection.usable ? connection : await context.connect());
  let interrupts = 0;
  const interrupt = () => {
    interrupts += 1;
    if (interrupts > 1) return stop.abort();
    setTimeout(() => stop.abort(), cancelTimeoutMs).unref();
    // Its answer is in the operation: canceled, or ended before.
    const cancel = async () => (await link()).call('OperationService', 'CancelOperation', { id: operation.id });
    cancel().catch(() => stop.abort());
  };
  const off = [terminal.onSignal('SIGINT', interrupt), terminal.onSignal('SIGTERM', interrupt)];
  try {
    let last = operation;
    await options.onChange?.(last);
    for await (const state of hasEnded(last) ? [] : followOperation(link, operation.id, stop.signal)) {
      last = state;
      await options.onChange?.(last);
      if (!global.quiet && options.silent !== true && !hasEnded(last)) await showProgress(progress, last);
    }
    return ended(last, interrupts);
  } catch (error) {
    if (interrupts > 0 && !(error instanceof Failure && error.exitCode === 130)) {
      throw new Failure('', { exitCode: 130, cause: error });
    }
    throw error;
  } finally {
    for (const remove of off) remove();
    await progress.clear();
  }
}

export function hasEnded({ status }: Operation__Output): boolean {
  return (
    status === 'OPERATION_STATUS_SUCCEEDED' ||
    status === 'OPERATION_STATUS_FAILED' ||
    status === 'OPERATION_STATUS_CANCELED'
  );
}

function ended(operation: Operation__Output, interrupts: number): Operation__Output {
  if (operation.status === 'OPERATION_STATUS_SUCCEEDED') return operation;
  if (interrupts > 0) throw new Failure('Canceled', { exitCode: 130 });
  if (operation.status === 'OPERATION_STATUS_CANCELED')
    throw new Failure('The operation was canceled', { status: 'canceled' });
  if (operation.status !== 'OPERATION_STATUS_FAILED')
    throw new Failure('The server stopped reporting about the operation');
  const { code = '', message = '' } = operation.fault ?? {};
  throw new Failure(message || 'The operation failed', { status: statusOfFault(code) });
}

function statusOfFault(code: string): StatusName {
  if (code === 'not-found' || code === 'canceled' || code === 'unavailable') return code;
  return 'other';
}

async function showProgress(line: ProgressLine, { progress }: Operation__Output): Promise<void> {
  if (progress !== null && progress.stage !== '') await line.show(progress.stage, amountOf(progress));
}

function amountOf({ done, total, unit }: { done: number | string; total: number | string; unit: string }): string {
  const [part, whole] = [Number(done), Number(total)];
  if (unit === 'percent') return part === 0 ? '' : `${Math.round(part)}%`;
  if (unit === 'bytes')
    return whole === 0 ? (part === 0 ? '' : byteSize(part)) : `${byteSize(part)} of ${byteSize(whole)}`;
  return whole === 0 ? '' : `${part} of ${whole}`;
}
