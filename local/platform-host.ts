import type { Server } from 'node:http';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import type { FunctionName } from '../functions/http/register.ts';

/** A server that listens on loopback. */
export interface Hosted {
  readonly port: number;
  /** Requests that were accepted and not yet answered. */
  readonly underWay: number;
  /** No new connection is accepted; those without a request end. */
  stopAccepting(): void;
  /** Resolves once no request is under way. */
  idle(): Promise<void>;
  /** Ends whatever is left. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** @throws NodeJS.ErrnoException `EADDRINUSE`, `EACCES`, … when the port cannot be had. */
export const listen = async (server: Server, port: number): Promise<Hosted> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve();
    });
  });
  let underWay = 0;
  let waiting: (() => void)[] = [];
  server.on('request', (_request, response) => {
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
      if (underWay > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  let closed: Promise<void> | null = null;
  const stopAccepting = (): void => {
    closed ??= new Promise((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
  };
  return {
    port: address.port,
    get underWay() {
      return underWay;
    },
    stopAccepting,
    idle: () => (underWay === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    close: async () => {
      stopAccepting();
      server.closeAllConnections();
      await closed;
    },
  };
};

/**
 * The server that functions-framework makes for a function that was registered with it. It offers that for tests; what it
 * leaves out beside its command line are the handlers of signals and uncaught errors, and those are the platform's.
 */
export const functionServer = (name: FunctionName): Server => getTestServer(name);
