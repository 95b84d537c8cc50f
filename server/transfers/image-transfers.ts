import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import type { Events } from '../events/events.ts';
import { checkAlias, isFingerprint } from '../images/image-name.ts';
import type { ImageStore, StoredImage } from '../images/image-store.ts';
import type { Operations } from '../operations/operations.ts';
import { receiveAll, sendAll, withChannel } from './carry.ts';
import type { OpenedEnd } from './send-instance.ts';
import type { EndRequest, TransferEnds } from './transfer-ends.ts';

/** Where an image is, or is to be. */
export interface ImagePlace {
  readonly project: string;
  readonly images: Pick<ImageStore, 'resolve' | 'list' | 'import' | 'content'>;
}

export interface ReceiveImageRequest {
  readonly fingerprint: string;
  readonly aliases: readonly string[];
}

export interface ImageTransfersDeps {
  readonly operations: Operations;
  readonly events: Pick<Events, 'lifecycle'>;
  readonly ends: TransferEnds;
  /** Makes a new image ready for launches. */
  readonly prepare: (task: Task, fingerprint: string) => Promise<void>;
}

/** The ends that images leave and arrive by: as the one file that they are kept as, known by its sha256. */
export class ImageTransfers {
  readonly #deps: ImageTransfersDeps;

  constructor(deps: ImageTransfersDeps) {
    this.#deps = deps;
  }

  /** Faults: `not-found`, `invalid`, `exhausted`. */
  async send({ project, images }: ImagePlace, reference: string, parties: EndRequest): Promise<OpenedEnd> {
    const image = await images.resolve(reference);
    const end = this.#deps.ends.open(parties);
    const about = aboutImage('image.send', `Sending image ${shortOf(image)}`, image, project);
    const operation = this.#deps.operations.start(about, async (task) => {
      try {
        task.report({ stage: 'Waiting for the other server' });
        await withChannel(task, await end.connected(task), async (channel) => {
          await sendAll(task, channel, images.content(image.fingerprint), 'Sending image');
        });
        return { imageFingerprint: image.fingerprint };
      } catch (error) {
        throw Fault.during(`Cannot copy image "${shortOf(image)}"`, error);
      }
    });
    return { operation, secret: end.secret };
  }

  /** Faults: `invalid`, `already-exists` for a name that another image has, `exhausted`. */
  async receive(place: ImagePlace, request: ReceiveImageRequest, parties: EndRequest): Promise<OpenedEnd> {
    const { fingerprint, aliases } = request;
    const { project } = place;
    if (!isFingerprint(fingerprint)) throw new Fault('invalid', 'The fingerprint of the image is missing');
    aliases.forEach(checkAlias);
    await checkFree(place, request);
    const end = this.#deps.ends.open(parties);
    const about = aboutImage('image.receive', `Receiving image ${shortOf(request)}`, request, project);
    const operation = this.#deps.operations.start(about, async (task) => {
      try {
        task.report({ stage: 'Waiting for the other server' });
        await withChannel(task, await end.connected(task), async (channel) => {
          await checkFree(place, request);
          const content = receiveAll(task, channel, 'Receiving image');
          await place.images.import(task, { content, aliases, fingerprint });
          // It is here, whether the other end hears of it or not.
          await channel.send({ type: 'done' }).catch(() => {});
        });
      } catch (error) {
        throw Fault.during(`Cannot copy image "${shortOf(request)}"`, error);
      }
      this.#deps.events.lifecycle('image-created', `image/${fingerprint}`, { source: 'transfer' }, project);
      await this.#deps.prepare(task, fingerprint);
      return { imageFingerprint: fingerprint };
    });
    return { operation, secret: end.secret };
  }
}

async function checkFree({ images }: ImagePlace, { fingerprint, aliases }: ReceiveImageRequest): Promise<void> {
  const others = (await images.list()).filter((image) => image.fingerprint !== fingerprint);
  const taken = new Set(others.flatMap((image) => image.aliases.map(({ name }) => name)));
  const alias = aliases.find((name) => taken.has(name));
  if (alias !== undefined) throw new Fault('already-exists', `Image alias "${alias}" exists already`);
}

type Named = Pick<StoredImage, 'fingerprint'>;

function aboutImage(kind: string, description: string, { fingerprint }: Named, project: string) {
  return { kind, description, project, resources: [`image/${fingerprint}`] };
}

function shortOf({ fingerprint }: Named): string {
  return fingerprint.slice(0, 12);
}
