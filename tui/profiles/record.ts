import type { Profile__Output } from '../../proto/gen/yurt/v1/Profile.ts';
import { devicesRecord } from '../instances/record.ts';

/** A profile as `-f json`, `-f yaml` and `profile show` show it. */
export function profileRecord({
  name,
  description,
  config,
  devices,
  usedBy,
  project,
}: Profile__Output): Record<string, unknown> {
  return { name, description, config, devices: devicesRecord(devices), used_by: usedBy, project };
}
