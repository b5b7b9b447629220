/** The validated file as the rest of Sluice sees it: defaults of the type filled in, one shape per choice. */
import { must } from '../assert.ts';
import { parseDuration } from '../time.ts';
import { DEFAULTS_OF_TYPE } from './defaults-of-type.ts';
import type { AdapterSpec, CapacitySpec, NodesSpec, RolloutSpec, RungSpec } from './rollout-spec.ts';
import type { RolloutFile } from './schema.ts';
import { CAPACITY_DEADLINE_MS } from './schema-to.ts';

type SpecPart = RolloutFile['spec'];
type ToPart = NonNullable<SpecPart['to']>;
type NodesPart = Exclude<ToPart['nodes'], 'same'>;
type CapacityPart = NonNullable<NodesPart['create']>['capacity'][number];

/** Fills in what depends on the type. The file is one that the schema has passed. */
export function specFromFile(file: RolloutFile): RolloutSpec {
  const { metadata, spec } = file;
  const defaults = DEFAULTS_OF_TYPE[spec.type];
  const gates = Object.entries(spec.gates.tune);
  return {
    name: metadata.name,
    labels: metadata.labels,
    type: spec.type,
    cluster: spec.cluster,
    namespace: spec.namespace,
    from: { pool: spec.from.pool, autoscaler: spec.from.autoscaler },
    to: spec.type === 'adapter' ? samePool(spec.from.pool) : toPart(must(spec.to, 'to')),
    adapter: spec.adapter === undefined ? null : adapterPart(spec.adapter),
    verify: {
      warmUpRequests: spec.verify.warmUp,
      deadlineMs: spec.verify.deadline,
      adapterEffect: spec.verify.adapters.effect,
      adapterPrompts: spec.verify.adapters.prompts,
    },
    ladder: ladderOf(spec),
    pacing: {
      settleMs: spec.pacing.settle,
      warmUpMs: spec.pacing.warmUp ?? durationMs(defaults.warmUp),
      extendFactor: spec.pacing.extendFactor ?? defaults.extendFactor,
    },
    objectives: {
      errorRatio: spec.objectives.errorRatio,
      ttft: spec.objectives.ttft
        ? { overMs: spec.objectives.ttft.over, atMost: spec.objectives.ttft.atMost }
        : null,
    },
    gatesOff: gates.flatMap(([name, tuning]) => (tuning === 'off' ? [name] : [])),
    gateMinSamples: Object.fromEntries(
      gates.flatMap(([name, tuning]) => (typeof tuning === 'object' ? [[name, tuning.minSamples]] : [])),
    ),
    alerts: {
      policies: spec.alerts.policies.map(({ name, blames }) => ({ name, blames })),
      holdWhileOpen: spec.alerts.holdWhileOpen,
    },
    windows: spec.windows.map(({ days, from, to, timeZone }) => ({
      days,
      fromMinute: from,
      toMinute: to,
      timeZone,
    })),
    approvals: { notByStarter: spec.approvals.notByStarter },
    priorities: spec.priorities,
    rollback: {
      floorPercent: spec.rollback.floor,
      onHoldForMs: spec.rollback.onHoldFor,
      afterNewPodsMs: spec.type === 'adapter' ? spec.rollback.after.newAdapter : spec.rollback.after.newPods,
      afterNodePoolMs: spec.rollback.after.nodePool,
    },
    retention: {
      oldMs: spec.retention?.old ?? durationMs(defaults.retention),
      // Only an adapter rollout may leave it out.
      retire: spec.retention?.retire ?? 'keep',
    },
    deadlineMs: spec.deadline,
    acknowledge: spec.acknowledge,
  };
}

function ladderOf(spec: SpecPart): readonly RungSpec[] {
  if (spec.ladder === undefined) {
    return DEFAULTS_OF_TYPE[spec.type].ladder.map(({ share, bake, approval = false }) => ({
      sharePercent: share,
      bakeMs: durationMs(bake),
      approval,
    }));
  }
  return spec.ladder.map(({ share, bake, approval }) => ({ sharePercent: share, bakeMs: bake, approval }));
}

/** An adapter's new version comes to the pods of the old one. */
function samePool(pool: string): RolloutSpec['to'] {
  return {
    pool,
    source: { kind: 'existing' },
    replicas: null,
    nodes: { kind: 'same' },
    model: null,
    adapters: {},
  };
}

function adapterPart({ model, from, to, pools }: NonNullable<SpecPart['adapter']>): AdapterSpec {
  return { alias: model, from, to: { name: to.name, source: to.source, load: to.load }, pools };
}

function toPart(to: ToPart): RolloutSpec['to'] {
  const { pool, source, replicas = null, model } = to;
  return {
    pool,
    source: source === 'existing' ? { kind: 'existing' } : { kind: 'manifests', paths: source.manifests },
    replicas,
    nodes: to.nodes === 'same' ? { kind: 'same' } : nodesPart(to.nodes),
    model:
      model === undefined
        ? null
        : {
            id: model.id,
            revision: model.revision ?? null,
            servedNames: model.servedNames,
            maxModelLen: model.maxModelLen ?? null,
          },
    adapters: to.adapters ?? {},
  };
}

function nodesPart({ nodePool, selector, create }: NodesPart): NodesSpec {
  if (nodePool !== undefined) return { kind: 'nodePool', nodePool };
  if (selector !== undefined) return { kind: 'selector', selector };
  const {
    name,
    like,
    machineType = null,
    nodes,
    zones = [],
    capacity,
    keepAfterFailure,
  } = must(create, 'nodes');
  return {
    kind: 'create',
    name,
    like,
    machineType,
    nodes,
    zones,
    capacity: capacityPart(must(capacity[0], 'capacity')),
    keepAfterFailureMs: keepAfterFailure,
  };
}

function capacityPart(option: CapacityPart): CapacitySpec {
  const { reservation, deadline, acceptExpiry = false } = option;
  if (reservation !== undefined) {
    return { kind: 'reservation', reservation, deadlineMs: deadline ?? CAPACITY_DEADLINE_MS.reservation };
  }
  if (option.spot !== undefined) {
    return { kind: 'spot', deadlineMs: deadline ?? CAPACITY_DEADLINE_MS.spot, acceptExpiry };
  }
  if (option.flexStart !== undefined) {
    return { kind: 'flexStart', deadlineMs: deadline ?? CAPACITY_DEADLINE_MS.flexStart, acceptExpiry };
  }
  return { kind: 'onDemand', deadlineMs: deadline ?? CAPACITY_DEADLINE_MS.onDemand };
}

function durationMs(text: string): number {
  return must(parseDuration(text), `duration ${text}`);
}
