/** A small HTTPS server that answers what the test says, and remembers what it was asked. */

import type { ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { type ClusterAccess, createClusterAccess } from '../../../functions/adapters/cluster-access.ts';
import { staticToken } from '../../../functions/adapters/cluster-access-token.ts';
import { type Certificate, createCertificate } from '../../../simulator/servers/certificate.ts';
import { listenOnLoopback } from '../../../simulator/servers/http-listener.ts';
import { aHandClock, type HandClock } from './a-hand-clock.ts';

export interface Asked {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export type Answering = (asked: Asked, response: ServerResponse) => void;

export interface ApiServer {
  readonly address: string;
  readonly certificate: Certificate;
  readonly asked: readonly Asked[];
  /** Connections that were ever made. */
  readonly connections: () => number;
  answer(answering: Answering): void;
  close(): Promise<void>;
}

export const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
};

export const startApiServer = async (
  options: { readonly certificate?: Certificate; readonly tls?: ServerOptions } = {},
): Promise<ApiServer> => {
  const certificate = options.certificate ?? (await createCertificate());
  const asked: Asked[] = [];
  let connections = 0;
  let answering: Answering = (_asked, response) => json(response, 200, {});
  const server = createServer(
    { cert: certificate.certPem, key: certificate.keyPem, ...options.tls },
    (request, response) => {
      const { method = '', url = '', headers } = request;
      void text(request).then(
        (body) => {
          const one: Asked = { method, url, headers, body };
          asked.push(one);
          answering(one, response);
        },
        () => undefined,
      );
    },
  );
  server.on('secureConnection', () => {
    connections += 1;
  });
  const running = await listenOnLoopback(server, 0, { requests: 0 });
  return {
    address: running.address,
    certificate,
    asked,
    connections: () => connections,
    answer: (given) => {
      answering = given;
    },
    close: () => running.close(),
  };
};

/** Access to that server, whatever the cluster is called. */
export const accessTo = (
  { address, certificate }: ApiServer,
  clock: HandClock = aHandClock(),
): ClusterAccess =>
  createClusterAccess({
    clusters: () => Promise.resolve({ endpoint: address, caPem: certificate.caPem }),
    token: staticToken('a-token'),
    clock,
  });
