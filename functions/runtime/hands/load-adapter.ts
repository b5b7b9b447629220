/**
 * The new version of an adapter in the syncer's ConfigMap, and out of it again (workflows/steps/syncer-config.ts). Each
 * write is guarded like one of traffic (protocol P4): whatever others have written meanwhile stays.
 *
 * The sidecar unloads only what it is told to unload, so the way out has two steps: the entry moves to `ensureNotExist`;
 * when no pod lists the name any more it goes from there too, and the text is what it was before.
 */
import { type JsonPatch, type KubeObject, RESOURCES } from '../../../workflows/kubernetes.ts';
import { stringMapAt } from '../../../workflows/plans/fields.ts';
import { finding, sortFindings } from '../../../workflows/plans/findings.ts';
import type { AdapterPlan, Finding, Plan, SyncerPlan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { pointerKey } from '../../../workflows/steps/route-fence.ts';
import {
  askAway,
  askFor,
  forget,
  forgetAway,
  readSyncerConfig,
  type SyncerConfig,
  type SyncerEdit,
} from '../../../workflows/steps/syncer-config.ts';
import { adapterOnPods } from './adapter-on-pods.ts';
import { adapterReferences } from './adapter-references.ts';
import { type Decision, guardedWrite, type Written } from './guarded-write.ts';
import type { HandResult, Job } from './hand.ts';

type NotYet = Exclude<HandResult, { kind: 'outcome' }>;

export type Loaded =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'refused'; readonly finding: Finding }
  | NotYet;

export type Unloaded = { readonly kind: 'unloaded'; readonly notDone: readonly Finding[] } | NotYet;

const RETRY_MS = 5_000;

/** The kubelet takes a minute or two to bring a ConfigMap to its pods; who has not followed by then never will. */
const FOLLOWED_MS_MAX = 600_000;

/** As long as a function may run: after that no write of an older decision is on its way any more. */
const LOADING_OVER_MS = 90_000;

/** Asks every syncer of the plan for the new version. A refusal takes back what this call has written. */
export const loadAdapter = async (
  ports: Ports,
  job: Job,
  plan: Plan & { readonly adapter: AdapterPlan },
): Promise<Loaded> => {
  const { adapter } = plan;
  const done: SyncerPlan[] = [];
  for (const syncer of adapter.syncers) {
    const written = await edit(ports, job, plan, { syncer, decide: toLoad(adapter) });
    if (written.kind === 'written') {
      done.push(syncer);
      continue;
    }
    if (written.kind === 'stale') return written;
    if (written.kind === 'again' && written.forbidden !== true) return written;
    for (const one of done)
      if (!one.newWasThere)
        await edit(ports, job, plan, {
          syncer: one,
          decide: ({ text }) =>
            one.newWasAway === true ? askAway(text, adapterEntry(adapter)) : forget(text, adapter.to),
        });
    return { kind: 'refused', finding: findingOf(plan, syncer, written) };
  }
  return { kind: 'loaded' };
};

const adapterEntry = ({ to, source }: AdapterPlan): { readonly id: string; readonly source: string } => ({
  id: to,
  source,
});

interface Held {
  readonly text: string;
  readonly config: SyncerConfig;
}

/** What a ConfigMap is to become; a sentence where it may not be touched. */
type Edit = (held: Held) => SyncerEdit | string;

const toLoad =
  ({ from, to, source }: AdapterPlan): Edit =>
  ({ text, config }) => {
    const other = config.exist.find((entry) => entry.id === to && entry.source !== source);
    return other === undefined
      ? askFor(text, { id: to, source }, from)
      : `It asks for ${to} from ${other.source ?? 'nowhere'}, not from ${source}.`;
  };

interface EditCall {
  readonly syncer: SyncerPlan;
  readonly decide: Edit;
}

const edit = (ports: Ports, job: Job, plan: Plan, call: EditCall): Promise<Written<string>> => {
  const { namespace, name } = call.syncer;
  const target = { cluster: plan.cluster, resource: RESOURCES.configMap, namespace, name };
  return guardedWrite<string>(ports, job, target, (object) => decisionOf(object, call));
};

const decisionOf = (object: KubeObject, { syncer, decide }: EditCall): Decision<string> => {
  if (object.metadata.uid !== syncer.uid) return stop('Its uid is another one: somebody made it anew.');
  const text = stringMapAt(object, 'data')[syncer.key];
  if (text === undefined) return stop(`It has no ${syncer.key}.`);
  const config = readSyncerConfig(text);
  if (config === null) return stop(`Its ${syncer.key} is no configuration of the adapter syncer.`);
  const next = decide({ text, config });
  if (typeof next === 'string') return stop(next);
  if (next.kind === 'unfit') return stop(`Its ${syncer.key} cannot be edited: ${next.why}.`);
  return next.text === text
    ? { kind: 'alreadySo' }
    : { kind: 'patch', patch: patchOf(object, syncer, next.text) };
};

const stop = (value: string): Decision<string> => ({ kind: 'stop', value });

const patchOf = (object: KubeObject, { key, uid }: SyncerPlan, text: string): JsonPatch => {
  const path = `/data/${pointerKey(key)}`;
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
    { op: 'test', path, value: stringMapAt(object, 'data')[key] },
    { op: 'replace', path, value: text },
  ];
};

const findingOf = (
  plan: Plan,
  { namespace, name }: SyncerPlan,
  written: Exclude<Written<string>, { kind: 'written' | 'stale' }>,
  severity: Finding['severity'] = 'E',
): Finding =>
  finding(
    'syncer-changed',
    `${RESOURCES.configMap.kind} ${namespace}/${name}`,
    written.kind === 'stopped'
      ? written.value
      : written.kind === 'gone'
        ? `It is gone; the pods of ${plan.new.pool} get no adapters from it.`
        : `The API server refuses the edit: ${written.why}.`,
    severity,
  );

/**
 * `new`: what this rollout has added goes again. `old`: the old version is unloaded and stays under `ensureNotExist`. Neither
 * while anything names the version; what cannot be done is left, with a finding.
 */
export const unloadAdapter = async (
  ports: Ports,
  job: Job,
  plan: Plan & { readonly adapter: AdapterPlan },
  side: 'new' | 'old',
): Promise<Unloaded> => {
  const { adapter } = plan;
  const name = side === 'new' ? adapter.to : adapter.from;
  const syncers = side === 'old' ? adapter.syncers : adapter.syncers.filter((one) => !one.newWasThere);
  if (syncers.length === 0 || (side === 'old' && !adapter.unloadsOld))
    return { kind: 'unloaded', notDone: [] };
  const references = await adapterReferences(ports, plan, name);
  if (references.kind === 'unknown') return again(references.why);
  if (references.findings.length > 0) return { kind: 'unloaded', notDone: references.findings };
  return side === 'old' ? sendAway(ports, job, plan, syncers) : takeBack(ports, job, plan, syncers);
};

const again = (why: string): NotYet => ({ kind: 'again', inMs: RETRY_MS, why });

type AdapterRollout = Plan & { readonly adapter: AdapterPlan };

const sendAway = async (
  ports: Ports,
  job: Job,
  plan: AdapterRollout,
  syncers: readonly SyncerPlan[],
): Promise<Unloaded> => {
  const { from } = plan.adapter;
  const decide: Edit = ({ text, config }) =>
    askAway(text, { id: from, source: config.exist.find(({ id }) => id === from)?.source ?? from });
  return editAll(ports, job, plan, { syncers, decide });
};

/** Moves the entry, waits until the pods have followed, and takes it away. */
const takeBack = async (
  ports: Ports,
  job: Job,
  plan: AdapterRollout,
  syncers: readonly SyncerPlan[],
): Promise<Unloaded> => {
  const { to, source } = plan.adapter;
  const sinceMs = job.nowMs - job.sinceMs;
  let isAskedFor = false;
  let isAskedAway = false;
  const moved = await editAll(ports, job, plan, {
    syncers,
    decide: ({ text, config }) => {
      const mine = config.exist.find(({ id }) => id === to);
      // Somebody else's by now: another source under the same name.
      if (mine !== undefined && mine.source !== source)
        return `It asks for ${to} from ${mine.source ?? 'nowhere'}.`;
      isAskedFor ||= mine !== undefined;
      isAskedAway ||= mine !== undefined || config.absent.some(({ id }) => id === to);
      return mine === undefined ? { kind: 'edited', text } : askAway(text, adapterEntry(plan.adapter));
    },
  });
  if (moved.kind !== 'unloaded') return moved;
  if (!isAskedAway)
    // Nothing was added, or it is not there yet: a write of before may still be on its way.
    return sinceMs < LOADING_OVER_MS ? again(`${to} may still be asked for by a write on its way`) : moved;
  const serving = await whoServes(ports, plan, to);
  if ((isAskedFor || serving !== null) && sinceMs < FOLLOWED_MS_MAX)
    return again(serving ?? `${to} is to be unloaded`);
  const forgotten = await editAll(ports, job, plan, {
    syncers: syncers.filter(({ newWasAway }) => newWasAway !== true),
    decide: ({ text }) => forgetAway(text, to),
  });
  return forgotten.kind === 'unloaded'
    ? { kind: 'unloaded', notDone: sortFindings([...moved.notDone, ...forgotten.notDone]) }
    : forgotten;
};

/** Null when no pod lists the name, as far as they say. */
const whoServes = async (ports: Ports, plan: AdapterRollout, name: string): Promise<string | null> => {
  const found = await adapterOnPods(ports, plan, plan.adapter);
  if (found.kind === 'unknown') return found.why;
  const pod = found.pods.find(({ names }) => names === null || names.has(name));
  return pod === undefined ? null : `pod ${pod.pod} still lists ${name}`;
};

interface EditsCall {
  readonly syncers: readonly SyncerPlan[];
  readonly decide: Edit;
}

/** Each syncer by itself: what one of them refuses is no reason to leave the others. */
const editAll = async (
  ports: Ports,
  job: Job,
  plan: Plan,
  { syncers, decide }: EditsCall,
): Promise<Unloaded> => {
  const notDone: Finding[] = [];
  for (const syncer of syncers) {
    const written = await edit(ports, job, plan, { syncer, decide });
    if (written.kind === 'stale') return written;
    if (written.kind === 'again' && written.forbidden !== true) return written;
    // Gone with all it asked for.
    if (written.kind !== 'written' && written.kind !== 'gone')
      notDone.push(findingOf(plan, syncer, written, 'W'));
  }
  return { kind: 'unloaded', notDone };
};
