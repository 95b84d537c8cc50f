import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { loadApi } from '../../proto/api.ts';
import descriptor from '../../proto/gen/api.json' with { type: 'json' };
import { Codec, type Message, type NodeJson } from './wire.ts';

const codec = new Codec(descriptor);
const types: Readonly<Record<string, NodeJson>> = descriptor.nested.yurt.nested.v1.nested;
const messages = Object.entries(types).filter(([, type]) => type.fields !== undefined);

describe('the wire codec', () => {
  it('knows all messages of the API', () => {
    assert.ok(messages.length > 60);
  });

  for (const [name] of messages) {
    it(`reads and writes ${name} as proto-loader does`, () => {
      const reference = referenceOf(name);
      for (const seed of [0, 1, 2, 3]) {
        const message = sample(name, seed);
        const mine = codec.encode(`yurt.v1.${name}`, message);
        assert.deepEqual(reference.deserialize(mine), codec.decode(`yurt.v1.${name}`, mine));
        const theirs = reference.serialize(message);
        assert.deepEqual(codec.decode(`yurt.v1.${name}`, theirs), reference.deserialize(theirs));
        assert.deepEqual(codec.decode(`yurt.v1.${name}`, mine), codec.decode(`yurt.v1.${name}`, theirs));
      }
    });
  }

  it('takes a key called __proto__ for what it is', () => {
    const bytes = codec.encode('yurt.v1.Profile', { config: JSON.parse('{"__proto__":"x","a":"b"}') });
    const { config } = codec.decode('yurt.v1.Profile', bytes) as { config: object };
    assert.deepEqual(Object.keys(config), ['__proto__', 'a']);
    assert.equal(Object.getPrototypeOf(config), Object.prototype);
  });

  it('skips fields that it does not know', () => {
    const unknown = Buffer.from([0xf8, 0x07, 0x05, 0xfa, 0x07, 0x02, 0x41, 0x42, 0xfd, 0x07, 1, 2, 3, 4]);
    const known = codec.encode('yurt.v1.Recipe', { name: 'tiny' });
    assert.equal(codec.decode('yurt.v1.Recipe', Buffer.concat([unknown, known]))['name'], 'tiny');
  });

  for (const [what, bytes] of [
    ['a text longer than the message', [0x0a, 0x7f, 0x41]],
    ['a number without an end', [0x08, ...Array<number>(11).fill(0xff)]],
    ['a group', [0xfb, 0x07]],
    ['a tag without a value', [0x0a]],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => codec.decode('yurt.v1.Recipe', Buffer.from(bytes)), RangeError);
    });
  }
});

/** The messages of proto-loader that the services use; others are reached through those. */
function referenceOf(name: string): { serialize(value: object): Buffer; deserialize(bytes: Buffer): object } {
  const definition = loaded[`yurt.v1.${name}`] as MessageTypeDefinition<object, object>; // a message, by its name
  return definition;
}
const loaded = loadApi();

/** A message with every field set (and of each oneof the member that the seed picks), values differing by seed. */
function sample(name: string, seed: number): Message {
  const type = types[name];
  if (name === 'google.protobuf.Timestamp') return { seconds: 1_700_000_000 + seed, nanos: seed * 1000 };
  const skipped = new Set<string>();
  for (const { oneof } of Object.values(type?.oneofs ?? {})) {
    for (const [index, member] of oneof.entries()) if (index !== seed % oneof.length) skipped.add(member);
  }
  const message: Message = {};
  if (seed === 0 && skipped.size === 0) return message;
  for (const [field, { type: fieldType, rule, keyType }] of Object.entries(type?.fields ?? {})) {
    if (skipped.has(field)) continue;
    const one = (n: number) => sampleValue(fieldType, seed + n);
    if (keyType !== undefined) message[field] = { 'limits.memory': one(0), 'user.ü': one(1) };
    else message[field] = rule === 'repeated' ? [one(0), one(1)] : one(0);
  }
  return message;
}

function sampleValue(type: string, seed: number): unknown {
  const numbers = [0, -1, 300, 2 ** 31 - 1, -(2 ** 31), 77];
  if (type === 'string') return ['', 'web', 'dünn 🛖', 'x'.repeat(300)][seed % 4];
  if (type === 'bytes') return Buffer.from([0, 255, seed]);
  if (type === 'bool') return seed % 2 === 1;
  if (type === 'int32') return numbers[seed % 6];
  if (type === 'uint32') return [0, 1, 2 ** 32 - 1, 2 ** 31][seed % 4];
  if (type === 'int64') return [0, -5, 2 ** 40 + 3, 2 ** 53 - 1, -(2 ** 45)][seed % 5];
  if (type === 'double') return [0, 0.25, -1e300][seed % 3];
  const { values } = types[type] ?? {};
  if (values !== undefined) return seed % 3 === 2 ? 99 : Object.keys(values)[seed % Object.keys(values).length];
  return sample(type, seed);
}
