import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Watchdog } from '../control-plane/watchdog.ts';
import type { NetworkNamespace } from './network-namespace.ts';
import type { RelayOrder, RelayReply } from './relay-child.ts';

/** The process inside a network namespace that listens for pods. */
export interface Relay {
  readonly pid: number;
  /** Listens on the address; connections go to the Unix socket. Rejects when it cannot. */
  open(address: string, port: number, socket: string): Promise<void>;
  /** Cuts all connections to the address; what comes then is refused. */
  close(address: string, port: number): Promise<void>;
  stop(): Promise<void>;
}

const IP = 'ip';
const CHILD = join(import.meta.dirname, 'relay-child.ts');

/** Starts it; it ends with `stop` and when this process dies. */
export const startRelay = async (
  network: NetworkNamespace,
  folder: string,
  watchdog: Watchdog,
): Promise<Relay> => {
  const child = spawn(IP, ['netns', 'exec', network.name, process.execPath, CHILD, folder], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit');
  const waiting = new Map<number, (error: string | null) => void>();
  let lastId = 0;
  child.on('message', ({ id, error }: RelayReply) => {
    waiting.get(id)?.(error);
    waiting.delete(id);
  });
  child.once('exit', () => {
    for (const answer of waiting.values()) answer('the relay has ended');
    waiting.clear();
  });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  watchdog.kills(pid);
  const order = (what: RelayOrder['what'], address: string, port: number, socket: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, (error) => {
        if (error === null) resolve();
        else reject(new Error(`${what} ${address}:${String(port)}: ${error}`));
      });
      if (!child.connected) waiting.get(id)?.('the relay has ended');
      else child.send({ id, what, address, port, socket } satisfies RelayOrder);
    });
  return {
    pid,
    open: (address, port, socket) => order('open', address, port, socket),
    close: (address, port) => order('close', address, port, ''),
    stop: async () => {
      if (child.connected) child.disconnect();
      if (child.exitCode === null && child.signalCode === null) await gone;
    },
  };
};
