import { createServer, type Socket } from 'node:net';
import { ClusterManagerClient } from '@google-cloud/container';
import { Metadata, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { createWallClock } from '../../../functions/adapters/clock.ts';
import { createGke, type Gke } from '../../../functions/adapters/gke.ts';
import { createGoogleCaller } from '../../../functions/adapters/gke-call.ts';
import { serviceOf } from '../../../simulator/servers/grpc-protos.ts';
import { aGrpcServer, type GrpcMethod, type GrpcServer } from './a-grpc-server.ts';
import { aHandClock, type HandClock } from './a-hand-clock.ts';

const CLUSTER = 'projects/acme/locations/us-central1/clusters/inference';
const POOL = { cluster: CLUSTER, nodePool: 'h200' };
const definition = serviceOf('container', 'google.container.v1.ClusterManager');

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const started = async (GetNodePool: GrpcMethod, port?: number): Promise<GrpcServer> => {
  const server = await aGrpcServer({
    definition,
    methods: { GetNodePool },
    ...(port === undefined ? {} : { port }),
  });
  ends.push(() => server.kill());
  return server;
};

const client = (
  endpoint: string,
  clock: HandClock | ReturnType<typeof createWallClock> = aHandClock(),
): Gke => {
  const gke = createGke({ endpoint, clock });
  ends.push(() => gke.close());
  return gke;
};

const refusing =
  (code: status, details: string): GrpcMethod =>
  (_call, answer) =>
    answer({ code, details });

const REFUSALS = [
  ['INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
  ['OUT_OF_RANGE', 'INVALID_ARGUMENT'],
  ['UNIMPLEMENTED', 'INVALID_ARGUMENT'],
  ['NOT_FOUND', 'NOT_FOUND'],
  ['ALREADY_EXISTS', 'ALREADY_EXISTS'],
  ['PERMISSION_DENIED', 'PERMISSION_DENIED'],
  ['UNAUTHENTICATED', 'UNAUTHENTICATED'],
  ['FAILED_PRECONDITION', 'FAILED_PRECONDITION'],
  ['RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED'],
  ['ABORTED', 'ABORTED'],
  ['INTERNAL', 'INTERNAL'],
  ['DATA_LOSS', 'INTERNAL'],
  ['UNAVAILABLE', 'UNAVAILABLE'],
] as const;

test.each(REFUSALS)(
  '%s that the server itself answers is the value %s, after one attempt',
  async (name, code) => {
    const server = await started(refusing(status[name], 'said by the server'));
    const answer = await client(server.address).getNodePool(POOL);
    expect({ answer, seen: server.seen }).toEqual({
      answer: { kind: 'error', code, message: 'said by the server' },
      seen: ['GetNodePool'],
    });
  },
);

test.each(['DEADLINE_EXCEEDED', 'CANCELLED', 'UNKNOWN'] as const)(
  'after %s nobody knows whether it happened',
  async (name) => {
    const server = await started(refusing(status[name], 'perhaps'));
    const answer = await client(server.address).getNodePool(POOL);
    expect({ answer, seen: server.seen }).toEqual({
      answer: { kind: 'noAnswer', why: `${name}: perhaps` },
      seen: ['GetNodePool'],
    });
  },
);

test('status details that cannot be read leave the code and the message', async () => {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0x00, 0xff]));
  const server = await started((_call, answer) =>
    answer({ code: status.PERMISSION_DENIED, details: 'no', metadata }),
  );
  expect(await client(server.address).getNodePool(POOL)).toEqual({
    kind: 'error',
    code: 'PERMISSION_DENIED',
    message: 'no',
  });
});

test('a server that hangs is left when the time is over by the clock, and sees the call cancelled', async () => {
  const clock = aHandClock();
  let heard = (): void => undefined;
  let gone = (): void => undefined;
  const arrival = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const cancelled = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const server = await started((call) => {
    call.on('cancelled', gone);
    heard();
  });
  const asked = client(server.address, clock).getNodePool(POOL);
  await arrival;
  const heldMeanwhile = clock.held();
  clock.pass(20_000);
  const answer = await asked;
  await cancelled;
  expect({ answer, heldMeanwhile, heldAfter: clock.held(), seen: server.seen }).toEqual({
    answer: { kind: 'noAnswer', why: 'no answer within 20 s' },
    heldMeanwhile: 1,
    heldAfter: 0,
    seen: ['GetNodePool'],
  });
});

test('an answer that comes in time leaves nothing behind at the clock', async () => {
  const clock = aHandClock();
  const server = await started((_call, answer) => answer(null, { name: 'h200' }));
  const { kind } = await client(server.address, clock).getNodePool(POOL);
  expect({ kind, held: clock.held(), holds: clock.holds() }).toEqual({ kind: 'ok', held: 0, holds: 1 });
});

test('a server that dies in mid-call: nobody knows, and nothing is tried again', async () => {
  let dying: GrpcServer | null = null;
  const server = await started(() => dying?.kill());
  dying = server;
  const answer = await client(server.address).getNodePool(POOL);
  expect({ kind: answer.kind, seen: server.seen }).toEqual({ kind: 'noAnswer', seen: ['GetNodePool'] });
});

test('a connection that is closed at once is no answer, whatever the client calls it', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => server.close());
  const bound = server.address();
  const port = typeof bound === 'object' ? bound?.port : null;
  const answer = await client(`127.0.0.1:${port}`).getNodePool(POOL);
  expect({ kind: answer.kind, connections: sockets.length }).toEqual({ kind: 'noAnswer', connections: 1 });
});

test('a server that comes back is reached by the next call, without waiting', async () => {
  const first = await started((_call, answer) => answer(null, { name: 'h200' }));
  const port = Number(first.address.split(':')[1]);
  const gke = client(first.address, createWallClock());
  const before = await gke.getNodePool(POOL);
  first.kill();
  const during = await gke.getNodePool(POOL);
  await started((_call, answer) => answer(null, { name: 'h200' }), port);
  const after = await gke.getNodePool(POOL);
  expect([before.kind, during.kind, after.kind]).toEqual(['ok', 'noAnswer', 'ok']);
});

test('a request that cannot be written is refused, and nothing is sent', async () => {
  const server = await started((_call, answer) => answer(null, {}));
  const gke = client(server.address);
  const answer = await gke.createNodePool({
    cluster: CLUSTER,
    nodePool: {
      name: 'x',
      initialNodeCount: 1,
      locations: 'a' as unknown as [],
      config: { machineType: 'm' },
    },
  });
  expect({ answer, seen: server.seen }).toEqual({
    answer: {
      kind: 'error',
      code: 'INVALID_ARGUMENT',
      message:
        'Request message serialization failure: .google.container.v1.NodePool.locations: array expected',
    },
    seen: [],
  });
});

test('a client that cannot be set up is no answer, and the next call tries anew', async () => {
  const server = await started((_call, answer) => answer(null, { name: 'h200' }));
  let made = 0;
  const caller = createGoogleCaller(
    (settings) => {
      made += 1;
      const real = new ClusterManagerClient(settings);
      if (made === 1) real.initialize = () => Promise.reject(new Error('no credentials'));
      return real;
    },
    { endpoint: server.address, clock: aHandClock() },
  );
  ends.push(() => caller.close());
  const ask = (): Promise<unknown> =>
    caller.call(async (real, settings) => {
      const [pool] = await real.getNodePool({ name: `${CLUSTER}/nodePools/h200` }, settings);
      return [pool.name];
    });
  expect([await ask(), await ask(), made, server.seen]).toEqual([
    { kind: 'noAnswer', why: 'not sent: no credentials' },
    { kind: 'ok', value: 'h200' },
    2,
    ['GetNodePool'],
  ]);
});

test('what is set up only after the time is over is not sent', async () => {
  const clock = aHandClock();
  const server = await started((_call, answer) => answer(null, { name: 'h200' }));
  let proceed = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  let sent = 0;
  let set: Promise<unknown> = ready;
  const caller = createGoogleCaller(
    (settings) => {
      const real = new ClusterManagerClient(settings);
      const initialize = real.initialize.bind(real);
      real.initialize = () => {
        set = ready.then(initialize);
        return set as ReturnType<typeof initialize>;
      };
      return real;
    },
    { endpoint: server.address, clock },
  );
  const asked = caller.call(async () => {
    sent += 1;
    return [null];
  });
  clock.pass(20_000);
  const answer = await asked;
  proceed();
  await set;
  await new Promise((resolve) => setImmediate(resolve));
  caller.close();
  expect({ answer, sent, seen: server.seen }).toEqual({
    answer: { kind: 'noAnswer', why: 'no answer within 20 s' },
    sent: 0,
    seen: [],
  });
});

test('a client that is neither set up nor closed in time delays nobody', async () => {
  const clock = aHandClock();
  const never = (): Promise<never> => new Promise(() => undefined);
  const caller = createGoogleCaller(() => ({ initialize: never, close: never }), { clock, timeoutMs: 1_000 });
  const asked = caller.call(never);
  clock.pass(1_000);
  expect(await asked).toEqual({ kind: 'noAnswer', why: 'no answer within 1 s' });
});

test('a call that brings no answer leaves those beside it alone', async () => {
  const held = Promise.withResolvers<() => void>();
  const server = await started((call, answer) => {
    if (String(call.request['name']).endsWith('slow')) held.resolve(() => answer(null, { name: 'slow' }));
    else answer({ code: status.CANCELLED, details: 'gone' });
  });
  const gke = client(server.address);
  const slow = gke.getNodePool({ cluster: CLUSTER, nodePool: 'slow' });
  const release = await held.promise;
  const gone = await gke.getNodePool(POOL);
  const next = await gke.getNodePool(POOL);
  release();
  expect([gone.kind, next.kind, (await slow).kind, server.seen.length]).toEqual([
    'noAnswer',
    'noAnswer',
    'ok',
    3,
  ]);
});
