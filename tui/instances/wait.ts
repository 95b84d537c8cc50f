import type { Instance__Output } from '../../proto/gen/yurt/v1/Instance.ts';
import { suggestion } from '../arguments/nearest.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { statusWord } from './record.ts';
import { waitConditions } from './wait-conditions.ts';

const statuses = ['stopped', 'starting', 'running', 'stopping', 'frozen', 'error'];

/** Whether an instance is as the condition says: one of `waitConditions`, or `status=WORD`. */
export function parseCondition(text: string): (instance: Instance__Output) => boolean {
  if (text.startsWith('status=')) {
    const word = text.slice('status='.length).toLowerCase();
    if (!statuses.includes(word)) throw new UsageError(`Unknown status "${word}"${suggestion(word, statuses)}`);
    return ({ status }) => statusWord(status).toLowerCase() === word;
  }
  const condition = waitConditions.find((one) => one === text);
  switch (condition) {
    case 'agent':
    case 'ready':
      return ({ state }) => state?.ready === true;
    case 'ip':
      return (instance) => hasAddress(instance, 'inet') || hasAddress(instance, 'inet6');
    case 'ipv4':
      return (instance) => hasAddress(instance, 'inet');
    case 'ipv6':
      return (instance) => hasAddress(instance, 'inet6');
    case undefined:
      throw new UsageError(`Unknown condition "${text}"${suggestion(text, [...waitConditions, 'status='])}`);
    default:
      return ({ status }) => statusWord(status).toLowerCase() === condition;
  }
}

function hasAddress({ state }: Instance__Output, family: string): boolean {
  return (state?.network ?? []).some(({ addresses }) =>
    addresses.some((address) => address.family === family && address.scope === 'global'),
  );
}
