import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunningServer } from './hosted-world.ts';

/** How many requests a server has had. */
export interface RequestCount {
  requests: number;
}

/**
 * Lets a server listen on loopback.
 * @param port 0: a free one.
 * @throws Error when the port is taken.
 */
export async function listenOnLoopback(
  server: Server,
  port: number,
  count: RequestCount,
): Promise<RunningServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${taken}`,
    requests: () => count.requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The body of a request, cut after about `limitBytes`; null when the client went away before its end. */
export async function readBody(request: AsyncIterable<unknown>, limitBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      if (!(chunk instanceof Uint8Array)) continue;
      if (bytes < limitBytes) chunks.push(chunk);
      bytes += chunk.length;
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}
