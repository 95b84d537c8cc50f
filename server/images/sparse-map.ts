import { Fault } from '../base/fault.ts';
import { blockSize } from './tar-format.ts';

/** Runs of data in one file. A program that unpacks them holds the whole map in memory, 16 bytes for each. */
const maxRuns = 4_000_000;
/** All numbers below this are exact, and no file is as large. */
const maxDigits = 15;

const newline = 0x0a;
const zero = 0x30;
const nine = 0x39;

/**
 * Checks the content of a sparse file as it goes by. It begins with a map of what is not a hole: decimal numbers, one a
 * line, filled up with zeros to a block: how many runs of data there are, then offset and size of each
 * (https://www.gnu.org/software/tar/manual/html_node/PAX-1.html). The data of the runs follow. Fault `invalid`.
 */
export class SparseMap {
  readonly #realSizeBytes: number;
  readonly #storedBytes: number;
  #part: 'count' | 'offset' | 'size' | 'padding' | 'data' = 'count';
  #number = '';
  #mapBytes = 0;
  #runs = 0;
  /** Where the last run ends, and where the one that is read begins. */
  #end = 0;
  #offset = 0;
  #dataBytes = 0;

  /** `realSizeBytes` with the holes, `storedBytes` what the archive has: the map and the data. */
  constructor(realSizeBytes: number, storedBytes: number) {
    this.#realSizeBytes = realSizeBytes;
    this.#storedBytes = storedBytes;
  }

  push(bytes: Uint8Array): void {
    if (this.#part === 'data') return;
    for (const byte of bytes) {
      this.#mapBytes += 1;
      if (this.#part !== 'padding') this.#takeDigit(byte);
      else if (byte !== 0) throw bad('is not filled up with zeros');
      if (this.#part === 'padding' && this.#mapBytes % blockSize === 0) {
        this.#endMap();
        return;
      }
    }
  }

  /** The content has ended. */
  finish(): void {
    if (this.#part !== 'data') throw bad('is not complete');
  }

  #takeDigit(byte: number): void {
    if (byte !== newline) {
      const isDigit = byte >= zero && byte <= nine;
      if (!isDigit || this.#number === '0' || this.#number.length === maxDigits) throw bad('has no valid number');
      this.#number += String.fromCharCode(byte);
      return;
    }
    if (this.#number === '') throw bad('has an empty line');
    this.#takeNumber(Number(this.#number));
    this.#number = '';
  }

  #takeNumber(value: number): void {
    if (this.#part === 'count') {
      if (value === 0 || value > maxRuns) throw bad(`has ${value} runs: from 1 to ${maxRuns} are possible`);
      this.#runs = value;
      this.#part = 'offset';
    } else if (this.#part === 'offset') {
      if (value < this.#end) throw bad('goes backwards');
      this.#offset = value;
      this.#part = 'size';
    } else {
      this.#end = this.#offset + value;
      this.#dataBytes += value;
      this.#runs -= 1;
      this.#part = this.#runs === 0 ? 'padding' : 'offset';
    }
  }

  #endMap(): void {
    if (this.#end !== this.#realSizeBytes) throw bad('does not end with the file');
    if (this.#mapBytes + this.#dataBytes !== this.#storedBytes) throw bad('is of other data');
    this.#part = 'data';
  }
}

function bad(reason: string): Fault {
  return new Fault('invalid', `The map of a sparse file ${reason}`);
}
