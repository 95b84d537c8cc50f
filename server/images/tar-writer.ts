import { blockSize, headerSum, padding, type TarEntry, tarTypes } from './tar-format.ts';

/** Two blocks of zeros end an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockSize);

/** The largest number that fits the octal field of uid and gid. */
const maxOctalId = 0o7777777;
const maxOctalSize = 0o77777777777;

/** The header blocks of an entry (a pax header first when something does not fit); its content and padding follow. */
export function tarHeader(entry: TarEntry): Uint8Array {
  const records: string[] = [];
  const name = Buffer.from(entry.name, 'latin1');
  if (name.length > 100) records.push(paxRecord('path', entry.name));
  if (entry.linkName.length > 100) records.push(paxRecord('linkpath', entry.linkName));
  if (entry.sizeBytes > maxOctalSize) records.push(paxRecord('size', String(entry.sizeBytes)));
  if (entry.uid > maxOctalId) records.push(paxRecord('uid', String(entry.uid)));
  if (entry.gid > maxOctalId) records.push(paxRecord('gid', String(entry.gid)));
  if (entry.realSizeBytes !== undefined) records.push(...sparseRecords(entry.name, entry.realSizeBytes));
  for (const [key, value] of entry.attributes) records.push(paxRecord(key, value));
  const header = ustar(entry);
  if (records.length === 0) return header;
  const body = Buffer.from(records.join(''), 'latin1');
  const extension = ustar({
    name: 'pax',
    type: tarTypes.extended,
    linkName: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: body.length,
    mtime: 0,
    attributes: new Map(),
  });
  return Buffer.concat([extension, body, new Uint8Array(padding(body.length)), header]);
}

/** A whole entry with content in memory. */
export function tarFile(entry: TarEntry, content: Uint8Array): Uint8Array {
  return Buffer.concat([tarHeader(entry), content, new Uint8Array(padding(content.length))]);
}

function ustar(entry: TarEntry): Buffer {
  const header = Buffer.alloc(blockSize);
  header.write(entry.name.slice(0, 100), 0, 'latin1');
  octal(header, 100, 8, entry.mode);
  octal(header, 108, 8, Math.min(entry.uid, maxOctalId));
  octal(header, 116, 8, Math.min(entry.gid, maxOctalId));
  octal(header, 124, 12, Math.min(entry.sizeBytes, maxOctalSize));
  octal(header, 136, 12, Math.min(entry.mtime, maxOctalSize));
  header.write(entry.type, 156, 'latin1');
  header.write(entry.linkName.slice(0, 100), 157, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${headerSum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function octal(header: Buffer, offset: number, width: number, value: number): void {
  header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'latin1');
}

/** The name is that of the file; `path`, which readers of other formats see, says the same here. */
function sparseRecords(name: string, realSizeBytes: number): string[] {
  const version = [paxRecord('GNU.sparse.major', '1'), paxRecord('GNU.sparse.minor', '0')];
  return [...version, paxRecord('GNU.sparse.name', name), paxRecord('GNU.sparse.realsize', String(realSizeBytes))];
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}
