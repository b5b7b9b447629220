/**
 * Runs inside a network namespace: listens on addresses of pods and passes bytes to and fro between each connection and a
 * Unix socket, which the test process serves: Unix sockets are seen across network namespaces. It is told what to do over
 * the channel to its parent, and ends when that closes.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';

export interface RelayOrder {
  readonly id: number;
  /** `close` cuts all connections; what comes then is refused. */
  readonly what: 'open' | 'close';
  readonly address: string;
  readonly port: number;
  /** Path of the Unix socket. */
  readonly socket: string;
}

export interface RelayReply {
  readonly id: number;
  readonly error: string | null;
}

interface Listener {
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

const listeners = new Map<string, Listener>();

const relay = (outer: Socket, path: string, sockets: Set<Socket>): void => {
  const inner = createConnection({ path, allowHalfOpen: true });
  sockets.add(outer);
  outer.once('close', () => sockets.delete(outer));
  for (const [one, other] of [
    [outer, inner],
    [inner, outer],
  ] as const) {
    one.pipe(other);
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroySoon());
  }
};

const open = (order: RelayOrder, reply: (error: string | null) => void): void => {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (outer) =>
    relay(outer, order.socket, sockets),
  );
  server.once('error', (error) => reply(error.message));
  server.listen(order.port, order.address, () => {
    listeners.set(`${order.address}:${String(order.port)}`, { server, sockets });
    reply(null);
  });
};

const close = (order: RelayOrder, reply: (error: string | null) => void): void => {
  const key = `${order.address}:${String(order.port)}`;
  const listener = listeners.get(key);
  listeners.delete(key);
  if (listener === undefined) return reply(null);
  listener.server.close(() => reply(null));
  // Closing the outer end closes the inner one.
  for (const socket of listener.sockets) socket.resetAndDestroy();
};

const send = (reply: RelayReply): void => {
  process.send?.(reply);
};

process.on('message', (order: RelayOrder) => {
  const reply = (error: string | null): void => send({ id: order.id, error });
  if (order.what === 'open') open(order, reply);
  else close(order, reply);
});
process.on('disconnect', () => process.exit(0));
