import { Fault } from './fault.ts';

export const maxDescriptionBytes = 4096;

/** The description of any object is free text, but not without end. Fault `invalid`. */
export function checkDescription(description: string): void {
  if (Buffer.byteLength(description) <= maxDescriptionBytes) return;
  throw new Fault('invalid', `The description is longer than ${maxDescriptionBytes} bytes`);
}
