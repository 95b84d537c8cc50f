import descriptor from '../../../proto/gen/api.json' with { type: 'json' };
import { Codec, type Message } from '../../client/wire.ts';

const codec = new Codec(descriptor);

/** A message as the server would send it: whatever a sample leaves out has its default. */
export function complete<Output>(type: string, message: object): Output {
  const name = `yurt.v1.${type}`;
  return codec.decode(name, codec.encode(name, message as Message)) as Output; // decoded as that very type
}
