import type { Row } from '../measure.ts';
import type { Subject } from '../subjects/subject.ts';

/** One benchmark: leaves the subjects as empty as it found them. */
export interface Benchmark {
  readonly name: string;
  /** One line: what is measured. */
  readonly doc: string;
  /** `rounds` replaces the benchmark's own number when given. */
  run(subjects: readonly Subject[], rounds?: number): Promise<Row[]>;
}
