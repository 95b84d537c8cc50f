import type { Image__Output } from '../../proto/gen/yurt/v1/Image.ts';
import { Failure } from '../client/failure.ts';
import type { RemoteContext } from '../commands/command.ts';
import { Side, type TransferMode, transfer } from './transfer.ts';

export interface ImageCopy {
  readonly source: RemoteContext;
  /** Alias, fingerprint, or unique beginning of one. */
  readonly image: string;
  readonly target: RemoteContext;
  readonly targetProject: string;
  /** Names that it gets there. */
  readonly aliases: (image: Image__Output) => readonly string[];
  readonly mode: TransferMode | undefined;
}

/** Copies an image to another server, unless that has it and no name is new. Resolves to its fingerprint. */
export async function copyImage({ source, image, target, targetProject, aliases, mode }: ImageCopy): Promise<string> {
  const [connection, there] = await Promise.all([source.connect(), target.connect()]);
  const { project } = source.global;
  const found = (await connection.call('ImageService', 'GetImage', { image, project })).image;
  if (found === null) throw new Failure('The server answered without an image');
  const { fingerprint } = found;
  const wanted = [...aliases(found)];
  const known = await there
    .call('ImageService', 'GetImage', { image: fingerprint, project: targetProject })
    .catch((error: unknown) => {
      if (Failure.is(error, 'not-found')) return { image: null };
      throw error;
    });
  const names = new Set(known.image?.aliases.map(({ name }) => name));
  if (known.image !== null && wanted.every((name) => names.has(name))) return fingerprint;
  const [from, to] = await Promise.all([Side.of(source), Side.of(target)]);
  const receiving = { project: targetProject, fingerprint, aliases: wanted, peerFingerprint: from.fingerprint };
  const sending = { project, image: fingerprint, peerFingerprint: to.fingerprint };
  await transfer(from, to, mode, {
    receive: () => to.connection.call('TransferService', 'ReceiveImage', receiving),
    send: () => from.connection.call('TransferService', 'SendImage', sending),
  });
  return fingerprint;
}
