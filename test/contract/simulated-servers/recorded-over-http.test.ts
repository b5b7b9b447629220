import { describe, expect, test } from 'vitest';
import { createCertificate } from '../../../simulator/servers/certificate.ts';
import { startKubernetesServer } from '../../../simulator/servers/kubernetes-server.ts';
import { createPacedClock } from '../../../simulator/servers/paced-clock.ts';
import type { KubeHttpReply } from '../../../simulator/world/kubernetes/kube-path.ts';
import type { WorldKubeServer } from '../../../simulator/world/kubernetes/kube-server.ts';
import { pathNotFound } from '../../../simulator/world/kubernetes/statuses.ts';
import { Placeholders, type RecordedExchange, recordedExchanges } from '../../helpers/recorded-exchange.ts';
import {
  BEFORE,
  bodyOf,
  comparable,
  type Dict,
  dict,
  judged,
  NOW_MS,
  recordedServer,
} from '../../helpers/recorded-kubernetes.ts';
import { sharedPath } from '../../helpers/shared.ts';
import { type HttpsClient, httpsClient } from './https-client.ts';

/** Tokens of the users who made the recorded requests; `nobody` has none. */
const TOKENS: Readonly<Record<string, string>> = {
  admin: 'admin-token',
  viewer: 'viewer-token',
  nonsense: 'nonsense',
};

interface Replay {
  readonly kube: WorldKubeServer;
  readonly client: HttpsClient;
  readonly placeholders: Placeholders;
}

/** The recorded server over HTTPS, and a client; its virtual time is used for the ends of watches only. */
async function withReplay(version: string, run: (replay: Replay) => Promise<void>): Promise<void> {
  const kube = recordedServer(version);
  let nowMs = NOW_MS;
  const time = {
    get nowMs() {
      return nowMs;
    },
    nextEventMs: () => null,
    advanceTo: (ms: number) => {
      nowMs = ms;
    },
  };
  const clock = createPacedClock({ world: time, speed: 60 });
  const certificate = await createCertificate();
  const world = {
    get nowMs() {
      return nowMs;
    },
    kube: () => kube,
    unreachableUntilMs: () => 0,
    proxy: () => ({ kind: 'refused', reply: pathNotFound() }) as const,
  };
  const users = { 'admin-token': 'admin', 'viewer-token': 'viewer' };
  const host = { world, wait: (ms: number, signal?: AbortSignal) => clock.wait(ms, signal) };
  const server = await startKubernetesServer(host, { cluster: 'recorded', certificate, users });
  const client = httpsClient(server.address, certificate.caPem);
  try {
    await run({ kube, client, placeholders: new Placeholders() });
  } finally {
    client.close();
    await server.close();
    clock.stop();
  }
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly as: string;
  readonly contentType?: string;
  readonly body?: string;
}

async function send(
  { client }: Replay,
  { method, path, as, contentType, body }: Sent,
): Promise<KubeHttpReply> {
  const token = TOKENS[as];
  const answer = await client.ask({
    method,
    path,
    ...(token === undefined ? {} : { token }),
    headers: contentType === undefined ? {} : { 'Content-Type': contentType },
    ...(body === undefined ? {} : { body }),
  });
  const headers: Record<string, string> = {};
  for (const [name, key] of [
    ['content-type', 'Content-Type'],
    ['warning', 'Warning'],
  ] as const) {
    const value = answer.headers[name];
    if (typeof value === 'string') headers[key] = value;
  }
  return { status: answer.status, headers, body: answer.body };
}

async function sendRecorded(replay: Replay, exchange: RecordedExchange): Promise<KubeHttpReply> {
  const { method, path, contentType, as } = exchange.request;
  const body = bodyOf(exchange, replay.placeholders);
  return send(replay, {
    method,
    path,
    as,
    ...(contentType === undefined ? {} : { contentType }),
    ...(body === undefined ? {} : { body }),
  });
}

/** What the recorder did without recording it; returns the version after the first of it. */
async function prepare(replay: Replay, name: string): Promise<string> {
  let after = '';
  for (const { method, path, body } of BEFORE[name] ?? []) {
    const contentType = 'application/merge-patch+json';
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const reply = await send(replay, { method, path, contentType, ...sent, as: 'admin' });
    expect({ path, status: reply.status }).toEqual({ path, status: 200 });
    if (after === '') after = String(replay.kube.revision);
  }
  return after;
}

/** A watch's lines, cut to what the recorder kept of them. */
function linesOf(text: unknown, recorded: readonly unknown[]): readonly unknown[] {
  const lines = String(text)
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Dict => JSON.parse(line));
  return lines.map((line, index) => {
    const theirs = dict(dict(recorded[index])['object']);
    const ours = dict(line['object']);
    const metadata = Object.fromEntries(
      Object.entries(dict(ours['metadata'])).filter(([key]) => key in dict(theirs['metadata'])),
    );
    const object = Object.fromEntries(Object.entries({ ...ours, metadata }).filter(([key]) => key in theirs));
    return { type: line['type'], object };
  });
}

const from = (path: string, version: string): string =>
  path.replace(/resourceVersion=\d+/, `resourceVersion=${version}`);

interface Compared {
  readonly recorded: object;
  readonly ours: object;
}

/** One exchange, and what was recorded of it. `since`: the version that a watch of changes begins at. */
async function exchanged(replay: Replay, exchange: RecordedExchange, since: string): Promise<Compared> {
  const { lines } = exchange.response;
  if (lines === undefined) {
    return judged(exchange, await sendRecorded(replay, exchange), replay.placeholders);
  }
  // Only the watch that changes are made for begins at a version of the recorded server's own.
  const asked = since === '' ? exchange.request.path : from(exchange.request.path, since);
  const { status, body } = await replay.client.ask({ path: asked, token: 'admin-token' });
  const ours = linesOf(typeof body === 'string' ? body : JSON.stringify(body), lines).map((line, at) =>
    comparable(lines[at], line, replay.placeholders),
  );
  return { recorded: { status: 200, lines }, ours: { status, lines: ours } };
}

describe.each(['1.35.4', '1.32.13'])('over HTTPS the world answers as a real API server %s', (version) => {
  const path = sharedPath('recorded', `kube-apiserver-${version}.jsonl`);

  test.runIf(path !== null)('each recorded exchange, watches included', async () => {
    const exchanges = recordedExchanges(path ?? '');
    let agreed = 0;
    await withReplay(version, async (replay) => {
      for (const exchange of exchanges) {
        const since = await prepare(replay, exchange.name);
        const { recorded, ours } = await exchanged(replay, exchange, since);
        expect({ name: exchange.name, ...ours }).toEqual({ name: exchange.name, ...recorded });
        agreed++;
      }
    });
    console.log(`kube-apiserver ${version} over HTTPS: ${agreed} of ${exchanges.length} exchanges agree`);
    expect(agreed).toBe(134);
  });
});
