import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import { loadFileDescriptors } from '../proto/api.ts';
import { fileDescriptors } from './file-descriptors.ts';

interface Field {
  readonly name: string;
  readonly typeName?: string;
}
interface Message {
  readonly name: string;
  readonly field?: readonly Field[];
  readonly nestedType?: readonly Message[];
  readonly enumType?: readonly { readonly name: string }[];
}
interface File extends Message {
  readonly package: string;
  readonly dependency?: readonly string[];
  readonly messageType?: readonly Message[];
  readonly service?: readonly {
    readonly method: readonly { readonly inputType: string; readonly outputType: string }[];
  }[];
}

const { FileDescriptorProto } = descriptor;
const decode = (file: Uint8Array) =>
  FileDescriptorProto.toObject(FileDescriptorProto.decode(file), { enums: String }) as unknown as File; // as above

describe('descriptors of files', () => {
  const name = 'shop/v1/shop.proto';
  const text = `
    syntax = "proto3";
    package shop.v1;
    import "google/protobuf/timestamp.proto";
    service ShopService {
      rpc WatchStock(Item) returns (stream Item);
    }
    enum Colour { COLOUR_UNSPECIFIED = 0; COLOUR_RED = 1; }
    message Item {
      google.protobuf.Timestamp made_at = 1;
      map<string, Colour> colours_by_part = 2;
      oneof price { uint32 cents = 3; string words = 4; }
      repeated Item parts = 5;
    }`;

  it('say what protoc says', () => {
    const api = new protobuf.Root();
    api.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')?.nested ?? {});
    protobuf.parse(text, api, { keepCase: true });
    api.resolveAll();
    // What loading it from a file does.
    for (const object of api.define('shop.v1').nestedArray) object.filename = `/${name}`;
    const described = fileDescriptors(api, [{ name, text }]);
    assert.deepEqual([...described.keys()], ['google/protobuf/timestamp.proto', name]);
    const field = (number: number, name: string, jsonName: string, type: string, more = {}) => ({
      ...{ name, number, label: 'LABEL_OPTIONAL', type, jsonName, ...more },
    });
    assert.deepEqual(decode(described.get(name) ?? Buffer.alloc(0)), {
      ...{ name, package: 'shop.v1', syntax: 'proto3', dependency: ['google/protobuf/timestamp.proto'] },
      messageType: [
        {
          name: 'Item',
          field: [
            field(1, 'made_at', 'madeAt', 'TYPE_MESSAGE', { typeName: '.google.protobuf.Timestamp' }),
            field(2, 'colours_by_part', 'coloursByPart', 'TYPE_MESSAGE', {
              label: 'LABEL_REPEATED',
              typeName: '.shop.v1.Item.ColoursByPartEntry',
            }),
            field(3, 'cents', 'cents', 'TYPE_UINT32', { oneofIndex: 0 }),
            field(4, 'words', 'words', 'TYPE_STRING', { oneofIndex: 0 }),
            field(5, 'parts', 'parts', 'TYPE_MESSAGE', { label: 'LABEL_REPEATED', typeName: '.shop.v1.Item' }),
          ],
          nestedType: [
            {
              name: 'ColoursByPartEntry',
              field: [
                field(1, 'key', 'key', 'TYPE_STRING'),
                field(2, 'value', 'value', 'TYPE_ENUM', { typeName: '.shop.v1.Colour' }),
              ],
              options: { mapEntry: true },
            },
          ],
          oneofDecl: [{ name: 'price' }],
        },
      ],
      enumType: [
        {
          name: 'Colour',
          value: [
            { name: 'COLOUR_UNSPECIFIED', number: 0 },
            { name: 'COLOUR_RED', number: 1 },
          ],
        },
      ],
      service: [
        {
          name: 'ShopService',
          method: [
            { name: 'WatchStock', inputType: '.shop.v1.Item', outputType: '.shop.v1.Item', serverStreaming: true },
          ],
        },
      ],
    });
  });

  it('of the API name a type only where its file is theirs or imported', () => {
    const files = new Map(loadFileDescriptors().map((bytes) => [decode(bytes).name, decode(bytes)]));
    assert.ok(files.size > 10);
    for (const file of files.values()) {
      const imported = (file.dependency ?? []).map((path) => files.get(path) ?? assert.fail(`${file.name}: ${path}`));
      const known = new Set([file, ...imported].flatMap(typesOf));
      for (const type of usesOf(file)) assert.ok(known.has(type), `${file.name}: ${type}`);
    }
  });
});

/** The full names of what a file declares. */
function typesOf(file: File): string[] {
  const inside = (
    scope: string,
    messages: readonly Message[] = [],
    enums: readonly { name: string }[] = [],
  ): string[] => [
    ...enums.map(({ name }) => `${scope}.${name}`),
    ...messages.flatMap(({ name, nestedType, enumType }) => [
      `${scope}.${name}`,
      ...inside(`${scope}.${name}`, nestedType, enumType),
    ]),
  ];
  return inside(`.${file.package}`, file.messageType, file.enumType);
}

/** The full names of what a file speaks of. */
function usesOf({ messageType, service = [] }: File): string[] {
  const inside = (messages: readonly Message[] = []): string[] =>
    messages.flatMap(({ field = [], nestedType }) => [
      ...field.flatMap(({ typeName }) => typeName ?? []),
      ...inside(nestedType),
    ]);
  const methods = service.flatMap(({ method }) =>
    method.flatMap(({ inputType, outputType }) => [inputType, outputType]),
  );
  return [...inside(messageType), ...methods];
}
