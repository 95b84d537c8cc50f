import type { TableName } from '../state/state.ts';
import { instancesTable } from './instances.ts';
import {
  eventsTable,
  imagesTable,
  networksTable,
  operationsTable,
  profilesTable,
  projectsTable,
  storageTable,
} from './other-tables.ts';
import type { Table } from './table.ts';
import { trustTable } from './trust.ts';

/** The lists by their names: the screens follow from it. */
export const tables: Readonly<Record<TableName, Table>> = {
  instances: instancesTable,
  images: imagesTable,
  profiles: profilesTable,
  networks: networksTable,
  storage: storageTable,
  projects: projectsTable,
  operations: operationsTable,
  events: eventsTable,
  trust: trustTable,
};
