/** What hands and looks read out of a document; parsed once per revision, not once per call. */
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Plan } from '../../workflows/plans/plan.ts';
import { adoptedFrom, planFromJson } from '../../workflows/plans/stored-plan.ts';
import type { Effect } from '../../workflows/rollout/effects.ts';
import { type RolloutState, readState } from '../../workflows/rollout/read-state.ts';
import type { OutboxItem, RolloutDocument } from '../../workflows/rollout/stored.ts';
import type { RolloutSpec } from '../../workflows/spec/rollout-spec.ts';
import { specFromJson } from '../../workflows/spec/stored-spec.ts';
import { withCreatedUids } from '../../workflows/steps/carrier.ts';
import type { Job } from './hands/hand.ts';
import type { ParsedTexts } from './parsed-texts.ts';
import type { Shell } from './shell.ts';

export interface Facts {
  readonly document: RolloutDocument;
  readonly state: RolloutState;
  readonly spec: RolloutSpec;
  /** With the rules that `resume --adopt` made the originals. */
  readonly plan: Plan | null;
}

/** Parsed parts of one rollout, kept for the length of an invocation. */
export interface FactsCache {
  facts: Facts | null;
  readonly texts: ParsedTexts;
}

/** Facts of a document; what did not change since the last call is not parsed again. */
export const factsOf = (document: RolloutDocument, cache: FactsCache): Facts => {
  const known = cache.facts;
  if (known !== null && known.document === document) return known;
  const state =
    known !== null && known.document.snapshot === document.snapshot
      ? known.state
      : readState(document, cache.texts.parse);
  const facts: Facts = {
    document,
    state,
    spec: cache.texts.parse(document.spec, specFromJson),
    plan: planOf(document, state, cache),
  };
  cache.facts = facts;
  return facts;
};

const planOf = (document: RolloutDocument, state: RolloutState, cache: FactsCache): Plan | null => {
  const known = cache.facts;
  if (document.plan === null) return null;
  const { adoptedRoutes } = state.context;
  if (
    known !== null &&
    known.document.plan === document.plan &&
    known.state.context.created.length === state.context.created.length &&
    JSON.stringify(known.state.context.adoptedRoutes) === JSON.stringify(adoptedRoutes)
  )
    return known.plan;
  const plan = cache.texts.parse(document.plan, planFromJson);
  const planned = adoptedRoutes === null ? plan : { ...plan, routes: adoptedFrom(adoptedRoutes) };
  return withCreatedUids(planned, state.context.created);
};

/** Name of the attachment that holds the objects of `source: manifests`, as a JSON list. */
export const MANIFESTS = 'manifests';

/** The job of one outbox item. */
export const jobOf = async (shell: Shell, facts: Facts, item: OutboxItem, nowMs: number): Promise<Job> => {
  const { document, state } = facts;
  const effect = item.effect as unknown as Effect;
  return {
    rolloutId: document.rolloutId,
    effect,
    effectId: item.id,
    // Objectives follow in their own time: later decisions about traffic do not void that one.
    fence: effect.kind === 'moveObjectives' ? document.fence : item.fence,
    sinceMs: item.notBeforeMs,
    nowMs: Math.max(nowMs, document.lastNowMs),
    spec: facts.spec,
    plan: facts.plan,
    manifests: effect.kind === 'makePlan' ? await manifestsOf(shell, document.rolloutId) : [],
    created: state.context.created,
    nodePool: state.context.nodePool,
    sharePercent: state.context.confirmedPercent,
    trafficSinceMs: state.context.trafficSinceMs,
  };
};

const manifestsOf = async (shell: Shell, rolloutId: string): Promise<readonly KubeObject[]> => {
  const text = await shell.ports.store.attachment({ rolloutId, name: MANIFESTS });
  return text === null ? [] : (JSON.parse(text) as KubeObject[]);
};
