/** A server that does nothing but create one container, for a test that kills it meanwhile. */
import { readFileSync } from 'node:fs';
import { silentLog } from '../../../server/base/log.ts';
import { Cgroups } from '../../../server/host/cgroups.ts';
import { detectHostFeatures, realHost } from '../../../server/host/host-features.ts';
import { run } from '../../../server/host/run.ts';
import { OciRuntime } from '../../../server/runtime/oci-runtime.ts';
import { newTask, orphans } from './harness.ts';

const { runDirectory, daemonId, ...request } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const cgroups = await Cgroups.detect();
const features = await detectHostFeatures(realHost(cgroups));
const runtime = await OciRuntime.open({ runDirectory, daemonId, cgroups, features, run, orphans, log: silentLog });
process.send?.('creating');
await runtime.create(newTask(), request);
