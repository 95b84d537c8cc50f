/** What several measurements of one thing by one subject say; in the unit of the row. */
export interface Figures {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** One thing measured, for each subject. */
export interface Row {
  readonly work: string;
  readonly unit: 'ms' | 'MiB';
  /** By the subject's name, in the order of the subjects. */
  readonly figures: ReadonlyMap<string, Figures>;
}

interface Named {
  readonly name: string;
}

/** One measurement of a subject: for each kind of work in it, a number. */
export type Measurement<Subject> = (subject: Subject, round: number) => Promise<Readonly<Record<string, number>>>;

/**
 * Measures all subjects in turn, round by round and each round in the other order, so that what the machine does beside
 * hits all alike. One round more comes first and does not count. The rows come in the order in which the work was first named.
 */
export async function interleave<Subject extends Named>(
  subjects: readonly Subject[],
  rounds: number,
  unit: Row['unit'],
  measurement: Measurement<Subject>,
): Promise<Row[]> {
  const samples = new Map<string, Map<string, number[]>>();
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 === 0 ? subjects : subjects.toReversed();
    for (const subject of order) {
      const measured = await measurement(subject, round);
      if (round === 0) continue;
      for (const [work, value] of Object.entries(measured)) {
        const bySubject = getOrAdd(samples, work, () => new Map(subjects.map(({ name }) => [name, []])));
        getOrAdd(bySubject, subject.name, () => []).push(value);
      }
    }
  }
  return [...samples].map(([work, bySubject]) => ({ work, unit, figures: figuresOfAll(bySubject) }));
}

/** Milliseconds that `work` took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function figuresOf(samples: readonly number[]): Figures {
  const sorted = samples.toSorted((one, two) => one - two);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1), count: sorted.length };
}

function figuresOfAll(bySubject: ReadonlyMap<string, readonly number[]>): Map<string, Figures> {
  const measured = [...bySubject].filter(([, samples]) => samples.length > 0);
  return new Map(measured.map(([name, samples]) => [name, figuresOf(samples)]));
}

function getOrAdd<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}
