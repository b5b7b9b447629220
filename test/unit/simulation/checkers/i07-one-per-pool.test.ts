import { describe, expect, test } from 'vitest';
import { onePerPool } from '../../../simulation/checkers/i07-one-per-pool.ts';
import type { Order, Seen, Sighting } from '../../../simulation/seen.ts';
import { aHistory, asked, published, restored, secondsMs, written } from './a-history.ts';
import { anOrder, aRoute, sentences } from './a-seen.ts';

const first = anOrder();
const second = anOrder({ requestId: 'q-2', rolloutId: 'r-2' });

/** Past the queue from one second to another; null: never over. */
const life = (rolloutId: string, fromAt: number, toAt: number | null): readonly Sighting[] => [
  published(fromAt - 1, { rolloutId, seq: 1, from: '', to: 'queued' }),
  published(fromAt, { rolloutId, seq: 2, from: 'queued', to: 'preflight' }),
  published(fromAt + 10, { rolloutId, seq: 3, from: 'preflight', to: 'deploying' }),
  ...(toAt === null ? [] : [published(toAt, { rolloutId, seq: 4, from: 'failing', to: 'failed' })]),
];

const history = (more: readonly Sighting[], orders: readonly Order[] = [first, second]): Seen =>
  aHistory(orders, more);

const told = (seen: Seen): readonly string[] => sentences(onePerPool(seen));

const fenced = (rolloutId: string, at: number, underWay = 0): Sighting =>
  written({
    verb: 'patch',
    at,
    underWay,
    resource: 'httproutes.gateway.networking.k8s.io',
    before: aRoute({ rules: [{ llm: 1 }] }),
    object: aRoute({ rules: [{ llm: 1 }], fence: `${rolloutId}/${at}` }),
  });

describe('I7: one unfinished rollout per pool, route and node pool', () => {
  test('one after the other passes', () => {
    expect(told(history([...life('r-1', 10, 100), ...life('r-2', 101, 200)]))).toStrictEqual([]);
  });

  test('one that waits in the queue meanwhile passes', () => {
    const queued = published(20, { rolloutId: 'r-2', seq: 1, from: '', to: 'queued' });
    expect(told(history([...life('r-1', 10, 100), queued]))).toStrictEqual([]);
  });

  test('two at once are found, once', () => {
    expect(onePerPool(history([...life('r-1', 10, 100), ...life('r-2', 50, 200)]))).toMatchObject([
      {
        rule: 'I7',
        atMs: secondsMs(50),
        rolloutId: 'r-2',
        sentence: 'r-2 works on pool serving/llm of c-1 while r-1, which works on it too, has not ended',
      },
    ]);
  });

  test('one that went back to the queue holds nothing', () => {
    const back = published(30, { rolloutId: 'r-1', seq: 3, from: 'preflight', to: 'queued' });
    const seen = history([...life('r-1', 10, null).slice(0, 2), back, ...life('r-2', 40, 60)]);
    expect(told(seen)).toStrictEqual([]);
  });

  test('two on one new pool are found once both have a plan', () => {
    const other = { ...second, oldPool: 'llm-b', routes: ['b'] };
    const seen = history([...life('r-1', 10, 100), ...life('r-2', 50, 200)], [first, other]);
    expect(told(seen)).toStrictEqual([
      'r-2 works on pool serving/llm-new of c-1 while r-1, which works on it too, has not ended',
    ]);
  });

  test('an end that was decided long before it was published excuses', () => {
    const late = published(100, {
      rolloutId: 'r-1',
      seq: 4,
      atMs: secondsMs(45),
      from: 'failing',
      to: 'failed',
    });
    expect(told(history([...life('r-1', 10, null), late, ...life('r-2', 50, 200)]))).toStrictEqual([]);
  });

  test('what was published only later held all the same once the next entry was decided on it', () => {
    const late = life('r-2', 50, 200).map((sighting) => ({ ...sighting, atMs: secondsMs(200) }));
    expect(told(history([...life('r-1', 10, 100), ...late]))).toStrictEqual([
      'r-2 works on pool serving/llm of c-1 while r-1, which works on it too, has not ended',
    ]);
  });

  test('a write between the writes of another one is found', () => {
    const seen = history([...life('r-1', 10, null), fenced('r-1', 40), fenced('r-2', 60), fenced('r-1', 80)]);
    expect(told(seen)).toStrictEqual([
      'r-2 wrote HTTPRoute serving/chat, which r-1 had written before and has not ended',
      'r-1 wrote HTTPRoute serving/chat, which r-2 had written before and has not ended',
    ]);
  });

  test('a write after the end of the other one passes', () => {
    const seen = history([
      ...life('r-1', 10, 50),
      ...life('r-2', 51, null),
      fenced('r-1', 40),
      fenced('r-2', 60),
    ]);
    expect(told(seen)).toStrictEqual([]);
  });

  test('a node pool’s name belongs to one of them', () => {
    const theirs = asked('createNodePool', 60, { labels: { 'sluice-rollout': 'r-2' } });
    expect(told(history([asked('createNodePool', 40), theirs]))).toStrictEqual([
      'r-2 made node pool h200-r-1-1, whose name r-1, not ended yet, had used',
    ]);
    expect(told(history([...life('r-1', 10, 50), asked('createNodePool', 40), theirs]))).toStrictEqual([]);
  });

  test('a document that was set back holds what it has let go', () => {
    const seen = history([...life('r-1', 10, null), restored(40), ...life('r-2', 50, 200)]);
    expect(told(seen)).toStrictEqual([]);
  });

  test('a document that was set back to before its end writes without the locks that it had', () => {
    const lives = [...life('r-1', 10, 50), ...life('r-2', 60, null)];
    const writes = [fenced('r-1', 40), fenced('r-2', 80), fenced('r-1', 100)];
    expect(told(history([...lives, ...writes]))).toHaveLength(1);
    expect(told(history([...lives, ...writes, restored(90)]))).toStrictEqual([]);
  });
});
