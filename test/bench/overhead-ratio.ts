/**
 * overhead.ratio, in virtual time, without faults, for the published example with its default ladder of type node.
 *
 *   numerator    from the journal's first entry to the entry that confirms 100 % (old weight 0)
 *   denominator  the frozen bakes of the rungs below 100
 *                + the durations that the world drew itself where the rollout waits for them: while it provisions (node
 *                  pool, nodes, images, model load, pickers) and while it shifts outside of bakes (gateway lag, backends
 *                  built); what runs side by side counts once. Latencies of API calls and the slow first uses of a fresh
 *                  server are not in it: they count as overhead.
 *
 * A rung that had to be extended is printed; its extension stays in the numerator only.
 */
import type { DrawnDuration } from '../../simulator/world/engine.ts';
import type { JournalEntry } from '../../workflows/rollout/stored.ts';
import { type Figure, median, round, type Say, spread, sum } from './figure.ts';
import { EXAMPLE_FILE, type WholeRollout, wholeRollout } from './whole-rollout.ts';

const SEEDS = 20;

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Sorted and without overlaps. */
const union = (spans: readonly Span[]): readonly Span[] => {
  const merged: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs } of spans.toSorted((one, other) => one.fromMs - other.fromMs)) {
    const last = merged.at(-1);
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else if (toMs > fromMs) merged.push({ fromMs, toMs });
  }
  return merged;
};

const intersect = (some: readonly Span[], others: readonly Span[]): readonly Span[] =>
  union(
    some.flatMap((one) =>
      others
        .map(({ fromMs, toMs }) => ({
          fromMs: Math.max(one.fromMs, fromMs),
          toMs: Math.min(one.toMs, toMs),
        }))
        .filter(({ fromMs, toMs }) => toMs > fromMs),
    ),
  );

const without = (some: readonly Span[], others: readonly Span[]): readonly Span[] => {
  const holes = union(others);
  return union(some).flatMap(({ fromMs, toMs }) => {
    const left: Span[] = [];
    let at = fromMs;
    for (const hole of holes) {
      if (hole.toMs <= at || hole.fromMs >= toMs) continue;
      if (hole.fromMs > at) left.push({ fromMs: at, toMs: hole.fromMs });
      at = Math.max(at, hole.toMs);
    }
    return at < toMs ? [...left, { fromMs: at, toMs }] : left;
  });
};

const lengthMs = (spans: readonly Span[]): number => sum(spans.map(({ fromMs, toMs }) => toMs - fromMs));

const confirmationOf = ({ message }: JournalEntry): { sharePercent: number; atMs: number } | null =>
  message.kind === 'outcome' && message.outcome.kind === 'weightsConfirmed' ? message.outcome : null;

/** States between entries, up to the last one. */
const phasesOf = (entries: readonly JournalEntry[], endMs: number): readonly (Span & { state: string })[] =>
  entries
    .map(({ atMs, to }, index) => ({ fromMs: atMs, toMs: entries[index + 1]?.atMs ?? atMs, state: to }))
    .filter(({ fromMs }) => fromMs < endMs)
    .map((phase) => ({ ...phase, toMs: Math.min(phase.toMs, endMs) }));

const WAITS_FOR_THE_WORLD = new Set(['provisioning', 'shifting']);

interface Measured {
  readonly ratio: number;
  readonly totalMs: number;
  readonly bakesMs: number;
  readonly drawnMs: number;
  readonly extensions: number;
  /** Time in neither, by state. */
  readonly lostMs: Readonly<Record<string, number>>;
}

const measure = ({ cloud, entries, plan }: WholeRollout): Measured => {
  const startMs = entries[0]?.atMs ?? Number.NaN;
  const end = entries.find((entry) => confirmationOf(entry)?.sharePercent === 100);
  const endMs = end?.atMs ?? Number.NaN;
  const phases = phasesOf(entries, endMs);
  const below = plan.ladder.filter(({ sharePercent }) => sharePercent < 100);
  const bakes = below.flatMap(({ realSharePercent, bakeMs }) => {
    const atMs = entries.map(confirmationOf).find((found) => found?.sharePercent === realSharePercent)?.atMs;
    return atMs === undefined ? [] : [{ fromMs: atMs, toMs: atMs + bakeMs }];
  });
  const waits = without(
    phases.filter(({ state }) => WAITS_FOR_THE_WORLD.has(state)),
    bakes,
  );
  const drawn = intersect(union(cloud.world.truth().drawn.map(spanOf)), waits);
  const lostMs: Record<string, number> = {};
  for (const phase of phases)
    lostMs[phase.state] = (lostMs[phase.state] ?? 0) + lengthMs(without([phase], [...bakes, ...drawn]));
  const bakesMs = sum(below.map(({ bakeMs }) => bakeMs));
  const drawnMs = lengthMs(drawn);
  const totalMs = endMs - startMs;
  return {
    ratio: totalMs / (bakesMs + drawnMs),
    totalMs,
    bakesMs,
    drawnMs,
    extensions: entries.filter(isExtension).length,
    lostMs,
  };
};

const spanOf = ({ startedAtMs, ms }: DrawnDuration): Span => ({
  fromMs: startedAtMs,
  toMs: startedAtMs + ms,
});

/** A bake that ended without an answer and was not the last one: the rung goes on. */
const isExtension = ({ message, verdicts, from, to }: JournalEntry): boolean =>
  message.kind === 'timer' &&
  from === 'shifting' &&
  to === 'shifting' &&
  verdicts.some(({ answer }) => answer === 'inconclusive');

const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`;

export const overheadRatio = async (say: Say): Promise<readonly Figure[]> => {
  const measured: Measured[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1)
    measured.push(measure(await wholeRollout({ seed }, EXAMPLE_FILE)));
  const medianOf = (pick: (one: Measured) => number): number => median(measured.map(pick));
  const states = [...new Set(measured.flatMap(({ lostMs }) => Object.keys(lostMs)))];
  say(
    `ratio: ${spread(
      measured.map(({ ratio }) => ratio),
      3,
    )}`,
  );
  say(
    `medians: ${minutes(medianOf((one) => one.totalMs))} in all, ${minutes(medianOf((one) => one.bakesMs))} of bakes, ${minutes(medianOf((one) => one.drawnMs))} drawn by the world`,
  );
  say(
    `seconds in neither, by state: ${states.map((state) => `${state} ${(medianOf((one) => one.lostMs[state] ?? 0) / 1000).toFixed(0)}`).join(', ')}`,
  );
  say(`extended rungs: ${sum(measured.map(({ extensions }) => extensions))} in ${SEEDS} rollouts`);
  return [
    {
      name: 'overhead.ratio',
      value: round(medianOf(({ ratio }) => ratio)),
      unit: 'ratio',
      means: `start to old weight 0 confirmed, over bakes below 100 and what the world drew; ${SEEDS} seeds, virtual time`,
    },
  ];
};
