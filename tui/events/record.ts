import type { Event__Output } from '../../proto/gen/yurt/v1/Event.ts';
import { operationRecord, operationStatus } from '../operations/record.ts';
import { printable } from '../output/printable.ts';
import { dateOf, isoOf } from '../output/units.ts';

/** An event as `monitor` shows it. */
export function eventRecord(event: Event__Output): Record<string, unknown> {
  return {
    type: event.payload ?? 'unknown',
    timestamp: isoOf(dateOf(event.time)),
    project: event.project,
    metadata: metadataOf(event),
  };
}

/** One line: time, type, what happened. */
export function eventLine(event: Event__Output): string {
  const time = isoOf(dateOf(event.time));
  return `${printable(`[${time}] ${summaryOf(event)}`)}\n`;
}

function metadataOf({ lifecycle, operation, logging, audit }: Event__Output): Record<string, unknown> {
  if (lifecycle) return { action: lifecycle.action, source: lifecycle.source, context: lifecycle.context };
  if (operation) return operationRecord(operation);
  if (audit) return { ...audit };
  return logging ? { level: logging.level, message: logging.message, context: logging.fields } : {};
}

function summaryOf({ lifecycle, operation, logging, audit }: Event__Output): string {
  if (lifecycle) return `lifecycle ${lifecycle.action} ${lifecycle.source}${pairs(lifecycle.context)}`;
  if (operation) {
    const { id, description, progress, fault } = operation;
    const how = fault?.message ?? progress?.stage ?? '';
    return `operation ${id} ${description}: ${operationStatus(operation)}${how === '' ? '' : `: ${how}`}`;
  }
  if (audit) {
    const { caller, method, result, subject } = audit;
    return `audit ${caller}: ${method}: ${result}${subject === '' ? '' : ` (${subject})`}`;
  }
  return logging ? `logging ${logging.level} ${logging.message}${pairs(logging.fields)}` : 'unknown';
}

function pairs(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([key, value]) => ` ${key}=${JSON.stringify(value)}`)
    .join('');
}
