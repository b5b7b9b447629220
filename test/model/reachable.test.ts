/** Everything that a rollout can become, by the pure step alone: walked once, then asked. */
import { describe, expect, test } from 'vitest';
import { rolloutMachine } from '../../workflows/rollout/machine.ts';
import { parseDocument } from '../../workflows/rollout/parse-document.ts';
import { CHECKS } from './checks.ts';
import { endless, HEALTHY, ONLY_BACK } from './ends.ts';
import { isFinished, pathTo } from './node.ts';
import { pausePairs } from './pauses.ts';
import { WALKED } from './plans.ts';
import { foreignAnswers, pastIsVoid, redelivered } from './strangers.ts';
import { walk } from './walk.ts';
import { coverageOf, nodesOf } from './watched-machine.ts';

/** An exploration that stops early would find nothing and be green: each must see at least so much. */
const AT_LEAST: Readonly<Record<string, readonly [states: number, transitions: number]>> = {
  everythingNew: [1200, 40_000],
  withinWindows: [550, 18_000],
  longLife: [550, 18_000],
  newVersion: [550, 18_000],
};

const walks = Object.entries(WALKED).map(([name, walked]) => [name, walk(walked, CHECKS)] as const);

/**
 * Structure that no rollout can reach, and why. A table of transitions is shared by states of which not all can be held, or
 * have the work in question.
 */
const UNREACHABLE: readonly string[] = [
  // Who is held in a soak is suspended, or retains: no hold can run out there.
  'soaking --holdExpired--> rollingBack',
  // Only what proves the way back or sets weights is refused so, and entering voids both.
  'rollout.progress.retiring.detaching --wayBackRefused--> rollout.progress.retiring.blocked',
];

describe.each(walks)('every reachable state × every event, %s', (name, seen) => {
  test('is seen', () => {
    console.log(
      `${name}: ${seen.nodes.length} states (${seen.nodes.filter(isFinished).length} of them ends), ${seen.transitions} transitions`,
    );
    const [states, transitions] = AT_LEAST[name] ?? [Infinity, Infinity];
    expect(seen.nodes.length).toBeGreaterThan(states);
    expect(seen.transitions).toBeGreaterThan(transitions);
  });

  test('never throws, keeps both regions together, goes only back on the way back, answers everybody', () => {
    expect(seen.faults).toEqual([]);
  });

  test('every timer of every state that is entered has its token, and there is no other', () => {
    const owners = new Map(nodesOf(rolloutMachine).map((node) => [node.id, node.after]));
    let timers = 0;
    for (const node of seen.nodes) {
      const snapshot = rolloutMachine.restoreSnapshot(node.snapshot as never, {} as never) as unknown as {
        readonly _nodes: readonly { readonly id: string }[];
      };
      const wanted = isFinished(node)
        ? []
        : snapshot._nodes.flatMap(({ id }) => owners.get(id)?.map(({ eventType }) => eventType) ?? []);
      const set = new Set(node.document.timers.map(({ id }) => id));
      expect(set, pathTo(node).join(' > ')).toEqual(new Set(wanted));
      expect(set.size).toBe(node.document.timers.length);
      timers += set.size;
    }
    expect(timers).toBeGreaterThan(seen.nodes.length / 2);
  });

  test('every document can be stored, and says what the snapshot says', () => {
    for (const { document, snapshot } of seen.nodes) {
      expect(JSON.stringify(parseDocument(document))).toBe(JSON.stringify(document));
      expect(document.snapshot).toBe(JSON.stringify(snapshot));
    }
  });

  test('time alone brings each to an end once effects are answered', () => {
    expect(endless(seen, HEALTHY)).toEqual([]);
  });

  test('time alone brings each to an end even when nothing that grows is ever answered again', () => {
    expect(endless(seen, ONLY_BACK)).toEqual([]);
  });

  test('a pause and its resume lose nothing', () => {
    const { pairs, faults } = pausePairs(seen);
    console.log(`${name}: ${pairs} pauses and resumes`);
    expect(pairs).toBeGreaterThan(200);
    expect(faults).toEqual([]);
  });

  test('an answer that fits no question leads nowhere it should not', () => {
    const { tried, faults } = foreignAnswers(seen);
    console.log(`${name}: ${tried} foreign answers`);
    expect(tried).toBeGreaterThan(1000);
    expect(faults).toEqual([]);
  });

  test('what is past writes nothing, and a finished rollout takes nothing', () => {
    const { tried, faults } = pastIsVoid(seen);
    console.log(`${name}: ${tried} messages of the past`);
    expect(tried).toBeGreaterThan(30_000);
    expect(faults).toEqual([]);
  });

  test('a message that is delivered again counts once, even when its id is forgotten', () => {
    const { tried, faults } = redelivered(seen);
    console.log(`${name}: ${tried} messages delivered again`);
    expect(tried).toBeGreaterThan(400);
    expect(faults).toEqual([]);
  });
});

describe('between them the walks', () => {
  test('enter every state and take every transition of the machine', () => {
    const found = coverageOf(
      rolloutMachine,
      walks.map(([, { watched }]) => watched),
    );
    console.log(`machine: ${found.states} states, ${found.transitions} transitions`);
    expect(found.states).toBeGreaterThan(60);
    expect(found.transitions).toBeGreaterThan(140);
    expect(found.neverEntered).toEqual([]);
    expect(new Set(found.neverTaken)).toEqual(new Set(UNREACHABLE));
  });

  test('never find a soak held, so that its holds cannot run out', () => {
    const soaks = walks.flatMap(([, { nodes }]) => nodes).filter(({ state }) => state === 'soaking');
    expect(soaks.length).toBeGreaterThan(10);
    expect(soaks.filter(({ snapshot }) => snapshot.context.hold !== null)).toEqual([]);
  });

  test('come to every end for every reason', () => {
    const reasons = new Set(walks.flatMap(([, walked]) => walked.reasons));
    const ends = new Set(
      walks.flatMap(([, { nodes }]) => nodes.filter(isFinished).map(({ state }) => state)),
    );

    expect(ends).toEqual(new Set(['promoted', 'rolledBack', 'failed']));
    expect(reasons).toEqual(
      new Set([
        'abandoned',
        'alert',
        'approvalTimeout',
        'deadline',
        'holdTimeout',
        'judge:errors',
        'nodePool',
        'oldSideLost',
        'operator',
        'planChanged',
        'queueTimeout',
        'routeGone',
        'tripwire:g',
        'tripwire:queue',
        'tripwire:ready',
        'verify',
        // Of a refused plan or object: its own.
        'x',
      ]),
    );
  });
});
