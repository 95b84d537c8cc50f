import type { ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';

/**
 * What a client may have under way on a connection that it uploads on, and what that connection may therefore hold here
 * while the receiver is slow. HTTP/2's own 64 KiB let each piece of a file wait for a turn of the one before it.
 */
export const uploadWindowBytes = 1024 * 1024;

/** The longest frame there: what is read of the socket at once is handed on at once, not in pieces of 16 KiB. */
const uploadFrameBytes = 256 * 1024;

/**
 * Widens the flow control window of connections with the first call of a method in `paths`; other calls cost nothing.
 * RFC 9113, 5.2. grpc-js has an option for windows of clients only.
 */
export function uploadWindow(paths: ReadonlySet<string>): ServerInterceptor {
  return (method, call) => {
    if (paths.has(method.path)) widen(call);
    return call as ServerInterceptingCall; // grpc-js' own, as the next in line: no layer of ours around it
  };
}

function widen(call: object): void {
  const { stream } = call as { readonly stream?: ServerHttp2Stream }; // there is no public way; a test sees it break
  const session = stream?.session;
  if (session === undefined || session.destroyed) return;
  // Those on the network have as much from the beginning.
  if ((session.state.effectiveLocalWindowSize ?? 0) >= uploadWindowBytes) return;
  session.settings({ initialWindowSize: uploadWindowBytes, maxFrameSize: uploadFrameBytes });
  session.setLocalWindowSize(uploadWindowBytes);
}
