import type { Task } from '../base/task.ts';
import type { DeviceAccess } from '../host/device-filter.ts';
import type { DeviceOwner } from './device.ts';
import type { DevicePart, PartKind } from './parts.ts';

/** One part of one device of one instance, and where its maker may keep files of this run. */
export interface PartOf<Part> {
  readonly owner: DeviceOwner;
  readonly part: Part;
  /** A path of the server's own. Files whose path begins with it are the maker's, until the part is unmade. */
  readonly files: string;
}

/** Puts what was prepared into the instance, whose init is `pid`. */
export type Plug = (task: Task, pid: number) => Promise<void>;

/** Makes and removes one kind of part. */
export interface PartMaker<Part> {
  /** Refuses what can be known beforehand to be impossible; changes nothing. */
  check(part: Part): Promise<void>;
  /**
   * What needs no process of the instance, so that it can happen while that is created. `starting`: it is created now, with
   * what `access` has said; otherwise it runs.
   */
  prepare(task: Task, it: PartOf<Part>, starting: boolean): Promise<Plug>;
  /** Refuses to add or remove it while the instance runs, where that is impossible; changes nothing. */
  checkLive?(owner: DeviceOwner, part: Part): Promise<void>;
  /** Devices that the instance must be let open for it. */
  access?(part: Part): Promise<readonly DeviceAccess[]>;
  /** Whether one that was made can become the other while it is there; none can without this. */
  readonly canAdjust?: (before: Part, after: Part) => boolean;
  /** Makes one that was made be `it`. What fails in the middle is put right by calling it with what was before. */
  adjust?(task: Task, it: PartOf<Part>): Promise<void>;
  /** Whether one that was made is still there, as far as that can be seen from outside the instance. */
  works(it: PartOf<Part>): Promise<boolean>;
  /** Removes it, also when it was made in part, or not at all. Without `pid` the instance has ended. */
  unmake(task: Task, it: PartOf<Part>, pid: number | undefined): Promise<void>;
}

export type PartMakers = { readonly [Kind in PartKind]: PartMaker<Extract<DevicePart, { kind: Kind }>> };

/** The maker of this very part. */
export function makerOf(makers: PartMakers, part: DevicePart): PartMaker<DevicePart> {
  return makers[part.kind] as PartMaker<DevicePart>; // the table pairs each kind with its maker
}
