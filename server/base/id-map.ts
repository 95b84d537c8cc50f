/** One range of user and group ids of an instance: ids 0…size-1 inside are hostBase…hostBase+size-1 on the host. */
export interface IdMap {
  readonly hostBase: number;
  readonly size: number;
}
