import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Relay } from './relay.ts';

/** A pod that has an address and a process of the test's behind it. */
export interface ServedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
}

/** Answers a request to a pod's port. */
export type PodHandler = (
  pod: ServedPod,
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
) => void;

/** One port of one pod. */
export interface PodListener {
  readonly port: number;
  /** Connections are cut and new ones refused, as when the process is gone. */
  die(): Promise<void>;
  /** After `die`. */
  live(): Promise<void>;
  /** Takes requests and answers none, those under way aside, until `wake`; then it answers them. */
  hang(): void;
  wake(): void;
  /** Requests that were taken and not answered because it hangs. */
  waiting(): number;
  close(): Promise<void>;
}

export interface PodListenerInput {
  readonly relay: Relay;
  /** Where the Unix socket is made. */
  readonly folder: string;
  readonly pod: ServedPod;
  readonly port: number;
  readonly handle: PodHandler;
}

export const listenForPod = async (input: PodListenerInput): Promise<PodListener> => {
  const { relay, folder, pod, port, handle } = input;
  const socket = join(folder, `${pod.address}-${String(port)}.sock`);
  const held: (() => void)[] = [];
  let hanging = false;
  const server = createServer((request, response) => {
    const answer = (): void => {
      if (!response.destroyed) handle(pod, port, request, response);
    };
    if (hanging) held.push(answer);
    else answer();
  });
  await once(server.listen(socket), 'listening');
  const live = (): Promise<void> => relay.open(pod.address, port, socket);
  const die = (): Promise<void> => relay.close(pod.address, port);
  await live();
  return {
    port,
    live,
    die,
    hang: () => {
      hanging = true;
    },
    waiting: () => held.length,
    wake: () => {
      hanging = false;
      for (const answer of held.splice(0)) answer();
    },
    close: async () => {
      await die();
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
};
