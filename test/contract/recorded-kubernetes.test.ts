import { describe, expect, test } from 'vitest';
import { answerHttp, type KubeHttpReply } from '../../simulator/world/kubernetes/kube-path.ts';
import type { WorldKubeServer } from '../../simulator/world/kubernetes/kube-server.ts';
import { Placeholders, type RecordedExchange, recordedExchanges } from '../helpers/recorded-exchange.ts';
import {
  BEFORE,
  bodyOf,
  dict,
  isKept,
  isWrite,
  judged,
  recordedServer,
  USERS,
} from '../helpers/recorded-kubernetes.ts';
import { sharedPath } from '../helpers/shared.ts';

/** Exchanges that the world does not answer, and why. None of them writes; what was written around them is in BEFORE. */
const NOT_REPLAYED: Readonly<Record<string, string>> = {
  'watch.modify': 'a watch is no answer; it is replayed over HTTP, test/contract/simulated-servers',
  'watch.from.zero': 'a watch is no answer; it is replayed over HTTP, test/contract/simulated-servers',
  'watch.future': 'a watch is no answer; it is replayed over HTTP, test/contract/simulated-servers',
};

/** One replay: the server and what stands for what. */
interface Replay {
  readonly server: WorldKubeServer;
  readonly placeholders: Placeholders;
}

const startReplay = (version: string): Replay => ({
  server: recordedServer(version),
  placeholders: new Placeholders(),
});

function send({ server, placeholders }: Replay, exchange: RecordedExchange): KubeHttpReply {
  const { method, path, contentType, as } = exchange.request;
  const body = bodyOf(exchange, placeholders);
  return answerHttp(server, {
    method,
    path,
    ...(contentType === undefined ? {} : { contentType }),
    ...(body === undefined ? {} : { body }),
    user: USERS[as] ?? as,
  });
}

function prepare({ server }: Replay, name: string): void {
  for (const { method, path, body } of BEFORE[name] ?? []) {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const reply = answerHttp(server, {
      method,
      path,
      contentType: 'application/merge-patch+json',
      ...sent,
      user: 'admin',
    });
    expect({ path, status: reply.status }).toEqual({ path, status: 200 });
  }
}

/** The object that a write left behind, read back, beside the answer to the write; null where there is none to read. */
function readBack(replay: Replay, exchange: RecordedExchange, reply: KubeHttpReply) {
  const { method, path } = exchange.request;
  const body = dict(reply.body);
  const [base = ''] = path.split('?');
  const name = dict(body['metadata'])['name'];
  if (!isKept(exchange) || body['kind'] === 'Status' || typeof name !== 'string') return null;
  const own = method === 'POST' ? `${base}/${name}` : base;
  return {
    stored: answerHttp(replay.server, { method: 'GET', path: own, user: 'admin' }).body,
    answered: body,
  };
}

describe.each(['1.35.4', '1.32.13'])('the world answers as a real API server %s', (version) => {
  const path = sharedPath('recorded', `kube-apiserver-${version}.jsonl`);

  test.runIf(path !== null)('each recorded exchange, in the order in which they were made', () => {
    const exchanges = recordedExchanges(path ?? '');
    const replay = startReplay(version);
    let replayed = 0;
    for (const exchange of exchanges) {
      prepare(replay, exchange.name);
      if (exchange.name in NOT_REPLAYED) continue;
      const revision = replay.server.revision;
      const reply = send(replay, exchange);
      const { recorded, ours } = judged(exchange, reply, replay.placeholders);
      expect({ name: exchange.name, ...ours }).toEqual({ name: exchange.name, ...recorded });
      const writes = isKept(exchange) ? 0 : replay.server.revision - revision;
      expect({ name: exchange.name, writes }).toEqual({ name: exchange.name, writes: 0 });
      const back = readBack(replay, exchange, reply);
      expect({ name: exchange.name, stored: back?.stored }).toEqual({
        name: exchange.name,
        stored: back?.answered,
      });
      replayed++;
    }
    console.log(`kube-apiserver ${version}: ${replayed} of ${exchanges.length} recorded exchanges replayed`);
    expect(replayed).toBe(exchanges.length - Object.keys(NOT_REPLAYED).length);
    expect(replayed).toBeGreaterThanOrEqual(115);
  });

  test.runIf(path !== null)('nothing that writes to an HTTPRoute is left out', () => {
    const left = recordedExchanges(path ?? '').filter(
      (exchange) =>
        isWrite(exchange) && exchange.request.path.includes('/httproutes') && exchange.name in NOT_REPLAYED,
    );
    expect(left).toEqual([]);
  });
});
