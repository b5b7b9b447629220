/**
 * A clock that another process owns: the simulated world's. The lines of text between the two are described at the other
 * end, simulator/servers/clock-server.ts.
 */
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Clock } from './clock.ts';

export interface RemoteClock extends Clock {
  close(): void;
}

export interface RemoteClockOptions {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** The owner is gone: time stands still from now on. */
  readonly onLost: () => void;
}

class BorrowedClock implements RemoteClock {
  readonly #socket: Socket;
  readonly #waits = new Map<string, () => void>();
  #nowMs = 0;
  #ids = 0;
  #closed = false;

  constructor(socket: Socket, onLost: () => void) {
    this.#socket = socket;
    socket.on('close', () => {
      if (!this.#closed) onLost();
    });
  }

  /** One line of the owner's. */
  hear(line: string): void {
    const [verb, first = '', second] = line.split(' ');
    if (verb === 'n') {
      this.#nowMs = Math.max(this.#nowMs, Number(first));
      this.#say(`a ${first}`);
    }
    if (verb !== 'r') return;
    this.#nowMs = Math.max(this.#nowMs, Number(second));
    this.#waits.get(first)?.();
  }

  nowMs(): number {
    return this.#nowMs;
  }

  hold(): () => void {
    const id = this.#nextId();
    this.#say(`+ ${id}`);
    let held = true;
    return () => {
      if (held) this.#say(`- ${id}`);
      held = false;
    };
  }

  wait(ms: number, signal?: AbortSignal): Promise<number> {
    return new Promise((resolve) => {
      const id = this.#nextId();
      const end = (): void => {
        this.#waits.delete(id);
        signal?.removeEventListener('abort', abort);
        resolve(this.#nowMs);
      };
      const abort = (): void => {
        this.#say(`x ${id}`);
        end();
      };
      if (signal?.aborted === true) return resolve(this.#nowMs);
      signal?.addEventListener('abort', abort);
      this.#waits.set(id, end);
      this.#say(`w ${id} ${Math.max(0, Math.ceil(ms))}`);
      return undefined;
    });
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #nextId(): string {
    this.#ids += 1;
    return this.#ids.toString(36);
  }

  #say(line: string): void {
    if (this.#socket.writable) this.#socket.write(`${line}\n`);
  }
}

/** Connects, and resolves when the time is known. @throws Error when nobody is there. */
export const connectClock = ({ address, onLost }: RemoteClockOptions): Promise<RemoteClock> =>
  new Promise((resolve, reject) => {
    const colon = address.lastIndexOf(':');
    const socket = createConnection({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
    });
    const clock = new BorrowedClock(socket, onLost);
    socket.setNoDelay(true);
    socket.once('error', (error) => reject(new Error(`no clock at ${address}: ${error.message}`)));
    socket.on('error', () => socket.destroy());
    const lines = createInterface({ input: socket });
    // The socket's own errors come up here once more.
    lines.on('error', () => socket.destroy());
    lines.on('line', (line) => {
      clock.hear(line);
      resolve(clock);
    });
  });
