import { readFileSync } from 'node:fs';
import { fromJSON, type Options, type PackageDefinition } from '@grpc/proto-loader';

/** How messages look in memory, for server and clients alike; `bin/build.ts` generates the types with the same. */
export const messageOptions: Options = { longs: Number, enums: String, defaults: true, oneofs: true };

/** The whole API from the descriptor that `npm run build` made: nothing parses `.proto` files at start. */
export function loadApi(): PackageDefinition {
  const descriptor = JSON.parse(readFileSync(new URL('./gen/api.json', import.meta.url), 'utf8'));
  return fromJSON(descriptor, messageOptions);
}

/** A FileDescriptorProto of each of the API's files, for clients that have none of them. */
export function loadFileDescriptors(): Buffer[] {
  const files = JSON.parse(readFileSync(new URL('./gen/files.json', import.meta.url), 'utf8')) as string[]; // of the build
  return files.map((file) => Buffer.from(file, 'base64'));
}
