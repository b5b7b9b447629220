/** What a demo shows at one moment, as plain data: the terminal only draws it. */
import type { World } from '../simulator/world/world.ts';
import type { Ending, Hold } from '../workflows/rollout/context.ts';
import type { RolloutDocument } from '../workflows/rollout/stored.ts';
import type { RolloutSpec } from '../workflows/spec/rollout-spec.ts';
import type { CellSums } from '../workflows/steps/cell-sums.ts';
import { podsOfSide, sharesNow, sidesOfSpec } from './demo-sides.ts';
import type { RolloutFollower, ShareClocks } from './follow-rollout.ts';

export interface SideFrame {
  /** The pool's, or the adapter's. */
  readonly name: string;
  readonly ready: number;
  readonly pods: number;
  readonly pickerUp: boolean;
  /** Requests inside per pod in rotation; null where none is. */
  readonly load: number | null;
  /** Of the rung so far, as Sluice has seen it; null before there is anything. */
  readonly errorRatio: number | null;
  readonly slowRatio: number | null;
  readonly samples: number;
}

/** Something that takes its time and can be drawn as a bar. */
export interface Progress {
  readonly label: 'bake' | 'soak' | 'retention';
  readonly doneMs: number;
  readonly ofMs: number;
  readonly extensions: number;
}

export interface DemoFrame {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly rolloutId: string;
  readonly starter: string;
  readonly spec: RolloutSpec;
  readonly state: string;
  readonly step: string;
  readonly hold: Hold | null;
  readonly ending: Ending | null;
  readonly ladder: readonly { readonly sharePercent: number; readonly approval: boolean }[];
  /** Index into the ladder; -1 before the first share. */
  readonly rung: number;
  readonly askedPercent: number;
  readonly programmedPercent: number | null;
  readonly measuredPercent: number | null;
  readonly clocks: ShareClocks | null;
  readonly progress: Progress | null;
  readonly sides: readonly [old: SideFrame, fresh: SideFrame];
  readonly limits: {
    readonly errorRatio: number;
    readonly ttft: { readonly overMs: number; readonly atMost: number } | null;
  };
  readonly requests: { readonly total: number; readonly failed: number };
}

const ratioOf = (sums: CellSums): number | null => (sums.n === 0 ? null : sums.x / sums.n);

const DAY_MS = 24 * 3_600_000;

const progressOf = (follower: RolloutFollower, nowMs: number): Progress | null => {
  const now = follower.now;
  if (now === null) return null;
  const { context, state, step } = now.state;
  const { bake, course } = context;
  if (step === 'baking' || (state === 'soaking' && step === 'watching')) {
    if (bake.startedAtMs === null) return null;
    const ofMs = course?.ladder[context.rung]?.bakeMs ?? bake.remainingMs;
    const leftMs = bake.startedAtMs + bake.remainingMs - nowMs;
    const label = state === 'soaking' ? 'soak' : 'bake';
    return { label, doneMs: Math.min(ofMs, Math.max(0, ofMs - leftMs)), ofMs, extensions: bake.extensions };
  }
  if (state !== 'retaining') return null;
  const timer = now.document.timers.find(({ id }) => id.includes('retention'));
  const ofMs = course?.retentionMs ?? DAY_MS;
  if (timer === undefined || ofMs === 0) return null;
  return { label: 'retention', doneMs: Math.max(0, ofMs - (timer.dueAtMs - nowMs)), ofMs, extensions: 0 };
};

interface FrameOf {
  readonly world: World;
  readonly spec: RolloutSpec;
  readonly follower: RolloutFollower;
  readonly document: RolloutDocument;
  readonly route: { readonly namespace: string; readonly name: string };
}

/** The frame of now. Reads the world, moves nothing. */
export const demoFrame = ({ world, spec, follower, document, route }: FrameOf): DemoFrame => {
  const truth = world.truth();
  const state = follower.now?.state;
  const context = state?.context;
  const sides = sidesOfSpec(spec);
  const sideFrame = (side: 'old' | 'new'): SideFrame => {
    const name = sides.asked === null ? sides[side] : sides.pool;
    const found = truth.pools.find(
      (one) => one.cluster === spec.cluster && one.namespace === spec.namespace && one.name === name,
    );
    const sums = context?.evidence[side];
    const inRotation = found?.inRotation ?? 0;
    return {
      name: sides[side],
      ...podsOfSide(truth, sides, side),
      pickerUp: found?.pickerUp ?? false,
      load: found === undefined || inRotation === 0 ? null : found.inFlight / inRotation,
      errorRatio: sums === undefined ? null : ratioOf(sums.errors),
      slowRatio: sums === undefined ? null : ratioOf(sums.ttft),
      samples: sums?.errors.n ?? 0,
    };
  };
  const { course } = context ?? {};
  return {
    nowMs: world.nowMs,
    startedAtMs: document.createdAtMs,
    rolloutId: document.rolloutId,
    starter: context?.starter ?? '',
    spec,
    state: state?.state ?? 'queued',
    step: state?.step ?? 'queued',
    hold: context?.hold ?? null,
    ending: context?.ending ?? null,
    ladder: course?.ladder ?? spec.ladder,
    rung: context?.rung ?? -1,
    askedPercent: follower.shares.at(-1)?.sharePercent ?? 0,
    ...sharesNow(truth, sides, route),
    clocks: follower.shares.at(-1) ?? null,
    progress: progressOf(follower, world.nowMs),
    sides: [sideFrame('old'), sideFrame('new')],
    limits: {
      errorRatio: course?.gates.errors.ratioMax ?? spec.objectives.errorRatio,
      ttft: course?.gates.ttft ?? null,
    },
    requests: { total: truth.requests.total, failed: truth.requests.failed },
  };
};
