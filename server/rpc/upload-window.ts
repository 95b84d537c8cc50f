import type { ServerHttp2Session } from 'node:http2';

/**
 * What a client may have under way on a connection that it uploads on, and what that connection may therefore hold here
 * while the receiver is slow. HTTP/2's own 64 KiB let each piece of a file wait for a turn of the one before it.
 */
export const uploadWindowBytes = 1024 * 1024;

/** The longest frame there: what is read of the socket at once is handed on at once, not in pieces of 16 KiB. */
const uploadFrameBytes = 256 * 1024;

/**
 * Widens the flow control window of the connection of a call: for who is known to upload, or to send a transfer. Other calls
 * cost nothing, and strangers hold no more than before. RFC 9113, 5.2. grpc-js has an option for windows of clients only.
 */
export function widenUpload(stream: object): void {
  // There is no public way from a call to its connection; a test sees this one break.
  const { call } = stream as { readonly call?: { readonly stream?: { readonly session?: ServerHttp2Session } } };
  const session = call?.stream?.session;
  if (session === undefined || session.destroyed) return;
  if ((session.state.effectiveLocalWindowSize ?? 0) >= uploadWindowBytes) return;
  session.settings({ initialWindowSize: uploadWindowBytes, maxFrameSize: uploadFrameBytes });
  session.setLocalWindowSize(uploadWindowBytes);
}
