import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';

/** What yurt's files import and protobufjs knows by heart. */
const timestampFile = 'google/protobuf/timestamp.proto';
/** The options of methods are declared with it. Reflection leaves options out, and with them all need of it. */
const optionsFile = 'google/protobuf/descriptor.proto';

export interface SourceFile {
  /** As others import it: `yurt/v1/exec.proto`. */
  readonly name: string;
  readonly text: string;
}

/**
 * A FileDescriptorProto for each file and for what they import, as protoc would make it but for options, extensions and comments.
 * Of what protobufjs makes itself, clients that check what they read can use nothing: it merges files, and names no imports.
 */
export function fileDescriptors(api: protobuf.Root, files: readonly SourceFile[]): Map<string, Buffer> {
  const described = new Map([
    [timestampFile, describeFile(timestampFile, [], [api.lookupType('google.protobuf.Timestamp')])],
  ]);
  for (const { name, text } of files) {
    const { package: scope = '', imports = [] } = protobuf.parse(text, { keepCase: true });
    const own = api.lookup(scope);
    if (!(own instanceof protobuf.Namespace)) throw new Error(`${name}: no package ${scope}`);
    const dependencies = imports.filter((path) => path !== optionsFile);
    const content = own.nestedArray.filter(({ filename }) => filename?.endsWith(`/${name}`));
    described.set(name, describeFile(name, dependencies, content));
  }
  return described;
}

function describeFile(
  name: string,
  dependency: readonly string[],
  content: readonly protobuf.ReflectionObject[],
): Buffer {
  const scope = content[0]?.parent?.fullName.slice(1) ?? '';
  const file = { name, package: scope, dependency, syntax: 'proto3', ...describeContent(content) };
  const service = content.filter((each) => each instanceof protobuf.Service).map(describeService);
  const { FileDescriptorProto } = descriptor;
  return Buffer.from(FileDescriptorProto.encode(FileDescriptorProto.fromObject({ ...file, service })).finish());
}

function describeContent(content: readonly protobuf.ReflectionObject[]) {
  return {
    messageType: content.filter((each) => each instanceof protobuf.Type).map(describeMessage),
    enumType: content.filter((each) => each instanceof protobuf.Enum).map(describeEnum),
  };
}

function describeMessage(message: protobuf.Type): object {
  const { messageType, enumType } = describeContent(message.nestedArray);
  const maps = message.fieldsArray.filter((field) => field instanceof protobuf.MapField);
  return {
    name: message.name,
    field: message.fieldsArray.map((field) => describeField(field, message)),
    nestedType: [...messageType, ...maps.map(describeEntry)],
    enumType,
    oneofDecl: message.oneofsArray.map(({ name }) => ({ name })),
  };
}

function describeField(field: protobuf.Field, message: protobuf.Type): object {
  const { name, id, repeated, partOf } = field.resolve();
  const isMap = field instanceof protobuf.MapField;
  return {
    ...{ name, number: id, jsonName: protobuf.util.camelCase(name) },
    label: repeated || isMap ? 'LABEL_REPEATED' : 'LABEL_OPTIONAL',
    ...(isMap ? messageType(`${message.fullName}.${entryName(field)}`) : typeOf(field)),
    ...(partOf === null ? {} : { oneofIndex: message.oneofsArray.indexOf(partOf) }),
  };
}

/** The message that a map is a list of: language guide of proto3, "Maps", backwards compatibility. */
function describeEntry(map: protobuf.MapField): object {
  const label = 'LABEL_OPTIONAL';
  return {
    name: entryName(map),
    field: [
      { name: 'key', number: 1, jsonName: 'key', label, type: scalarType(map.keyType) },
      { name: 'value', number: 2, jsonName: 'value', label, ...typeOf(map) },
    ],
    options: { mapEntry: true },
  };
}

function entryName({ name }: protobuf.MapField): string {
  const camel = protobuf.util.camelCase(name);
  return `${camel.charAt(0).toUpperCase()}${camel.slice(1)}Entry`;
}

function typeOf({ resolvedType, type }: Pick<protobuf.Field, 'resolvedType' | 'type'>): object {
  if (resolvedType === null) return { type: scalarType(type) };
  if (resolvedType instanceof protobuf.Type) return messageType(resolvedType.fullName);
  return { type: 'TYPE_ENUM', typeName: resolvedType.fullName };
}

function messageType(typeName: string): object {
  return { type: 'TYPE_MESSAGE', typeName };
}

function scalarType(type: string): string {
  return `TYPE_${type.toUpperCase()}`;
}

function describeEnum({ name, values }: protobuf.Enum): object {
  return { name, value: Object.entries(values).map(([value, number]) => ({ name: value, number })) };
}

function describeService({ name, methodsArray }: protobuf.Service): object {
  return {
    name,
    method: methodsArray.map((method) => {
      method.resolve();
      const { resolvedRequestType, resolvedResponseType, requestStream, responseStream } = method;
      return {
        ...{ name: method.name, inputType: resolvedRequestType?.fullName, outputType: resolvedResponseType?.fullName },
        ...(requestStream === true && { clientStreaming: true }),
        ...(responseStream === true && { serverStreaming: true }),
      };
    }),
  };
}
