/** What a demo came to: the figures of the last line, and what a person wants to know at the end. */

import type { World } from '../simulator/world/world.ts';
import {
  type KubeObject,
  type KubeResource,
  type ObjectIdentity,
  RESOURCES,
} from '../workflows/kubernetes.ts';
import { at, itemsOf } from '../workflows/plans/fields.ts';
import type { BackendRef, Finding, Plan } from '../workflows/plans/plan.ts';
import { INTENT_ANNOTATION, NODE_POOL_OWNER_LABEL } from '../workflows/plans/plan-create.ts';
import { backendRefsOf } from '../workflows/plans/route-rules.ts';
import type { Ending } from '../workflows/rollout/context.ts';
import { readState } from '../workflows/rollout/read-state.ts';
import { type Replay, replay } from '../workflows/rollout/replay.ts';
import type { JournalEntry, Leftover, RolloutDocument } from '../workflows/rollout/stored.ts';
import { resourceOf, viewOf } from '../workflows/steps/carrier.ts';
import type { DemoInput } from './demo-input.ts';
import { sidesOfSpec } from './demo-sides.ts';
import type { RolloutFollower, ShareClocks } from './follow-rollout.ts';
import type { RolloutInput } from './rollout-input.ts';
import type { RouteName } from './scenarios.ts';

/** The last line of `--json`. */
export interface DemoResult {
  readonly scenario: string;
  /** `promoted`, `rolledBack`, `failed`; the state where a run did not end. */
  readonly outcome: string;
  readonly rolloutId: string;
  /** Every share that the gateway confirmed, in order; one that is confirmed anew is not repeated. */
  readonly shares: readonly number[];
  /** From the incident to the accepted write of the rollback, virtual; null without an alert. */
  readonly alertToWrittenMs: number | null;
  readonly requests: { readonly total: number; readonly failed: number };
  /** Requests on the new side by rung, as the judges counted them. */
  readonly samplesPerRung: readonly number[];
  /** Samples of each gate that spoke, by rung; null where it was silent. */
  readonly samplesPerGate: Readonly<Record<string, readonly (number | null)[]>>;
  /** Requests that each server of the world answered; null in a virtual run, which has none. */
  readonly requestsPerServer: Readonly<Record<string, number>> | null;
  /** Of the rules that name one of the two sides, at the end. Targets of an adapter are shown as refs. */
  readonly backendRefs: readonly BackendRef[];
  readonly journalEntries: number;
  readonly replayMatches: boolean;
}

export interface DemoRun {
  readonly result: DemoResult;
  readonly endedAsMeant: boolean;
  readonly ending: Ending | null;
  /** What preflight or verifying found; notes included. */
  readonly findings: readonly Finding[];
  /** Warnings that the demo accepted in the file that it made. */
  readonly accepted: readonly string[];
  readonly rollout: RolloutInput;
  readonly plan: Plan | null;
  readonly shares: readonly ShareClocks[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** `Kind namespace/name` of what the rollout made, of what it removed of the old side, of what is still there of its own. */
  readonly created: readonly string[];
  readonly removed: readonly string[];
  readonly remaining: readonly string[];
  readonly nodePool: { readonly name: string; readonly exists: boolean } | null;
  readonly leftovers: readonly Leftover[];
  readonly replay: Replay;
  readonly record: DemoRecord;
}

/** Everything that a store keeps of a rollout. */
export interface DemoRecord {
  readonly document: RolloutDocument;
  readonly entries: readonly JournalEntry[];
  readonly attachments: Readonly<Record<string, string>>;
  readonly leftovers: readonly Leftover[];
}

interface Ran {
  readonly world: World;
  /** As it stands at the end. */
  readonly record: DemoRecord;
  readonly input: DemoInput;
  readonly route: RouteName;
  readonly rollout: RolloutInput;
  readonly follower: RolloutFollower;
  readonly accepted: readonly string[];
  readonly requestsPerServer: Readonly<Record<string, number>> | null;
}

/** Reads the end of a run. */
export const demoRun = (ran: Ran): DemoRun => {
  const { world, record, input, rollout, follower } = ran;
  const { document, entries, leftovers } = record;
  const { rolloutId } = document;
  const replayed = replay(document, entries);
  const { context } = readState(document);
  const plan = document.plan === null ? null : (JSON.parse(document.plan) as Plan);
  const result: DemoResult = {
    scenario: input.scenario.name,
    outcome: document.state,
    rolloutId,
    shares: confirmedShares(entries),
    alertToWrittenMs: alertToWrittenMs(world, entries),
    requests: requestsOf(world),
    samplesPerRung: [...follower.samples].map((samples) => samples ?? 0),
    samplesPerGate: Object.fromEntries(
      [...follower.gateSamples].map(([gate, samples]) => [
        gate,
        Array.from(samples, (count) => (count as number | undefined) ?? null),
      ]),
    ),
    requestsPerServer: ran.requestsPerServer,
    backendRefs: backendRefsNow(ran, plan),
    journalEntries: entries.length,
    replayMatches: replayed.kind === 'matches',
  };
  return {
    result,
    endedAsMeant: document.state === input.scenario.endsAs,
    ending: context.ending,
    findings: findingsOf(entries),
    accepted: ran.accepted,
    rollout,
    plan,
    shares: follower.shares,
    startedAtMs: document.createdAtMs,
    endedAtMs: document.finishedAtMs ?? document.lastNowMs,
    created: context.created.map(nameOf),
    removed: (plan?.delete ?? []).filter((one) => !isThere(world, rollout, one)).map(nameOf),
    remaining: markedObjects(world, rollout, rolloutId),
    nodePool: nodePoolOf(world, rollout, rolloutId, entries),
    leftovers,
    replay: replayed,
    record,
  };
};

const nameOf = ({ kind, namespace, name }: ObjectIdentity): string =>
  `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;

const isThere = (world: World, { spec }: RolloutInput, identity: ObjectIdentity): boolean => {
  const found = world.kube(spec.cluster)?.read(identity, identity.namespace, identity.name);
  return found?.metadata.uid === identity.uid;
};

const confirmedShares = (entries: readonly JournalEntry[]): readonly number[] => {
  const shares: number[] = [];
  let written = 0;
  for (const { message } of entries) {
    if (message.kind !== 'outcome') continue;
    const { outcome } = message;
    if (outcome.kind === 'rollbackWritten') written = outcome.sharePercent;
    const confirmed =
      outcome.kind === 'weightsConfirmed'
        ? outcome.sharePercent
        : outcome.kind === 'rollbackConfirmed'
          ? written
          : null;
    if (confirmed !== null && shares.at(-1) !== confirmed) shares.push(confirmed);
  }
  return shares;
};

const alertToWrittenMs = (world: World, entries: readonly JournalEntry[]): number | null => {
  const alert = entries.find(({ message, refusal }) => message.kind === 'alert' && refusal === null);
  if (alert?.message.kind !== 'alert') return null;
  // Cloud Monitoring tells whole seconds; the world knows better.
  const opened = world.truth().acts.find(({ act }) => act.kind === 'incidentOpened');
  const sinceMs = opened?.atMs ?? alert.message.incident.startedAtMs;
  for (const { message } of entries)
    if (message.kind === 'outcome' && message.outcome.kind === 'rollbackWritten')
      return message.outcome.atMs - sinceMs;
  return null;
};

const requestsOf = (world: World): DemoResult['requests'] => {
  const { total, failed } = world.truth().requests;
  return { total, failed };
};

/** What carries the weights: HTTPRoutes or an adapter's objects, in which targets are seen as refs. */
const backendRefsNow = (ran: Ran, plan: Plan | null): readonly BackendRef[] => {
  const { world, rollout } = ran;
  const { cluster, old, new: fresh } = sidesOfSpec(rollout.spec);
  return viewsOf(ran, plan)
    .flatMap(({ resource, namespace, name, view }) => {
      const object = world.kube(cluster)?.read(resource, namespace, name);
      return object === undefined ? [] : itemsOf(at(view(object), 'spec', 'rules'));
    })
    .map((rule) => backendRefsOf(rule))
    .filter((refs) => refs.some(({ name }) => name === old || name === fresh))
    .flat();
};

interface Viewed {
  readonly resource: KubeResource;
  readonly namespace: string;
  readonly name: string;
  readonly view: (object: KubeObject) => KubeObject;
}

const viewsOf = ({ route, rollout }: Ran, plan: Plan | null): readonly Viewed[] =>
  rollout.spec.adapter === null
    ? [{ ...route, resource: RESOURCES.httpRoute, view: (object) => object }]
    : (plan?.routes ?? []).map((one) => ({
        resource: resourceOf(one),
        namespace: one.namespace,
        name: one.name,
        view: (object) => viewOf(object, one),
      }));

const findingsOf = (entries: readonly JournalEntry[]): readonly Finding[] =>
  entries.flatMap(({ message }) =>
    message.kind === 'outcome' && 'findings' in message.outcome ? message.outcome.findings : [],
  );

const nodePoolOf = (
  world: World,
  { spec }: RolloutInput,
  rolloutId: string,
  entries: readonly JournalEntry[],
): DemoRun['nodePool'] => {
  const there = (world.truth().nodePools[spec.cluster] ?? []).find(
    (pool) => pool.config.resourceLabels?.[NODE_POOL_OWNER_LABEL] === rolloutId,
  );
  if (there !== undefined) return { name: there.name, exists: true };
  for (const { message } of entries) {
    if (message.kind !== 'outcome') continue;
    const { outcome } = message;
    if (outcome.kind === 'nodePoolCreated' || outcome.kind === 'nodePoolFailed')
      return { name: outcome.nodePool, exists: false };
  }
  return null;
};

/** Whatever bears the rollout's mark, whether or not the rollout remembers it: nothing may be left that was not said. */
const markedObjects = (world: World, { spec }: RolloutInput, rolloutId: string): readonly string[] => {
  const kube = world.kube(spec.cluster);
  const names = (kube?.served ?? []).flatMap(({ group, plural, kind, versions }) =>
    (kube?.all({ group, plural, kind, version: versions[0] ?? '' }) ?? [])
      .filter((object) => object.metadata.annotations?.[INTENT_ANNOTATION] === rolloutId)
      .map(
        ({ metadata: { namespace, name } }) =>
          `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
      ),
  );
  return [...new Set(names)].toSorted();
};
