/** Node pools, capacity and what the new pods' templates say about nodes. */
import type { KubeObject } from '../kubernetes.ts';
import type { NodePool } from '../ports.ts';
import { at, itemsOf, textAt } from './fields.ts';
import { finding, nameOf } from './findings.ts';
import { NODE_POOL_LABEL, type Placement, ROLLOUT_TAINT, TAINT_EFFECTS } from './place-workloads.ts';
import type { Finding } from './plan.ts';
import type { Survey } from './survey.ts';

export const checkNodes = (survey: Survey): readonly Finding[] => {
  const { spec } = survey;
  const { nodes } = spec.to;
  const existing = spec.to.source.kind === 'existing';
  if (nodes.kind === 'same') return [];
  if (existing) {
    const object = `Rollout ${spec.name}`;
    return nodes.kind === 'create'
      ? [
          finding(
            'create-with-existing',
            object,
            `to.nodes.create names ${nodes.name}, to.source is existing.`,
          ),
        ]
      : [finding('node-selector-unneeded', object, `to.nodes: ${nodes.kind} is information only.`)];
  }
  if (nodes.kind === 'selector') return checkSelector(survey, nodes.selector);
  return [...checkPools(survey), ...checkExpiry(survey)];
};

const checkSelector = (survey: Survey, selector: Readonly<Record<string, string>>): readonly Finding[] =>
  (survey.new?.workloads ?? []).flatMap((workload) =>
    Object.entries(selector).flatMap(([key, value]) => {
      const chosen = textAt(workload, 'spec', 'template', 'spec', 'nodeSelector', key);
      if (chosen === value) return [];
      return [
        finding(
          'selector-contradicts',
          nameOf(workload),
          `to.nodes.selector says ${key}=${value}, the template ${chosen === null ? 'says nothing of it' : `${key}=${chosen}`}.`,
        ),
      ];
    }),
  );

/** The node pool that the file names or copies. */
export const namedNodePool = (survey: Survey): NodePool | null => {
  const { nodes } = survey.spec.to;
  const wanted = nodes.kind === 'nodePool' ? nodes.nodePool : nodes.kind === 'create' ? nodes.like : null;
  const pools = survey.observed.nodePools;
  if (wanted === null || pools?.kind !== 'ok') return null;
  return pools.pools.find((pool) => pool.name === wanted) ?? null;
};

const checkPools = (survey: Survey): readonly Finding[] => {
  const { nodes } = survey.spec.to;
  const { nodePools } = survey.observed;
  if (nodes.kind !== 'nodePool' && nodes.kind !== 'create') return [];
  const wanted = nodes.kind === 'nodePool' ? nodes.nodePool : nodes.like;
  const object = `NodePool ${wanted}`;
  if (nodePools?.kind === 'error')
    return [
      finding(
        'no-permission',
        object,
        `Node pools cannot be listed: ${nodePools.code} ${nodePools.message}.`,
      ),
    ];
  const pool = namedNodePool(survey);
  if (pool === null) return [finding('node-pool-missing', object, `The cluster has no node pool ${wanted}.`)];
  const contradictions = checkTemplates(survey, pool);
  if (nodes.kind === 'nodePool') return [...contradictions, ...checkTaints(survey, pool)];
  const zones = nodes.zones.length > 0 ? nodes.zones.length : Math.max(1, pool.locations.length);
  if (nodes.nodes % zones === 0) return contradictions;
  return [
    ...contradictions,
    finding('node-count-uneven', `NodePool ${nodes.name}`, `${nodes.nodes} nodes over ${zones} zones.`),
  ];
};

const checkTemplates = (survey: Survey, pool: NodePool): readonly Finding[] => {
  const placement: Placement = {
    nodePool: survey.spec.to.nodes.kind === 'nodePool' ? pool.name : null,
    taint: null,
  };
  const accelerators = acceleratorTypes(pool);
  return (survey.new?.workloads ?? []).flatMap((workload) => {
    const found: Finding[] = [];
    const select = (label: string): string | null =>
      textAt(workload, 'spec', 'template', 'spec', 'nodeSelector', label);
    const chosen = select(NODE_POOL_LABEL);
    if (chosen !== null && chosen !== placement.nodePool)
      found.push(
        finding(
          'selector-contradicts',
          nameOf(workload),
          `The template selects node pool ${chosen}, the rollout file ${placement.nodePool ?? 'makes a new one'}.`,
        ),
      );
    const accelerator = select('cloud.google.com/gke-accelerator');
    if (
      accelerator !== null &&
      accelerators.length > 0 &&
      placement.nodePool !== null &&
      !accelerators.includes(accelerator)
    )
      found.push(
        finding(
          'selector-contradicts',
          nameOf(workload),
          `The template selects ${accelerator}, node pool ${pool.name} has ${accelerators.join(', ')}.`,
        ),
      );
    return found;
  });
};

const acceleratorTypes = (pool: NodePool): readonly string[] =>
  itemsOf(pool.config['accelerators'])
    .map((one) => textAt(one, 'acceleratorType'))
    .filter((type) => type !== null);

/** GKE tolerates the taints of accelerators by itself for pods that ask for them. */
const TOLERATED_BY_GKE: ReadonlySet<string> = new Set(['nvidia.com/gpu', 'google.com/tpu']);

const checkTaints = (survey: Survey, pool: NodePool): readonly Finding[] => {
  const taints = (pool.config.taints ?? []).filter(
    (taint) =>
      taint.key !== ROLLOUT_TAINT &&
      taint.effect !== 'PREFER_NO_SCHEDULE' &&
      !TOLERATED_BY_GKE.has(taint.key),
  );
  return (survey.new?.workloads ?? []).flatMap((workload) =>
    taints
      .filter((taint) => !tolerates(workload, taint.key, taint.value, TAINT_EFFECTS[taint.effect]))
      .map((taint) =>
        finding(
          'taint-untolerated',
          nameOf(workload),
          `Node pool ${pool.name} has the taint ${taint.key}=${taint.value}:${TAINT_EFFECTS[taint.effect]}.`,
        ),
      ),
  );
};

const tolerates = (workload: KubeObject, key: string, value: string, effect: string): boolean =>
  itemsOf(at(workload, 'spec', 'template', 'spec', 'tolerations')).some((toleration) => {
    const exists = textAt(toleration, 'operator') === 'Exists';
    const keyMatches = textAt(toleration, 'key') === key || (exists && textAt(toleration, 'key') === null);
    const effectMatches = (textAt(toleration, 'effect') ?? effect) === effect;
    return keyMatches && effectMatches && (exists || (textAt(toleration, 'value') ?? '') === value);
  });

const checkExpiry = (survey: Survey): readonly Finding[] => {
  const { nodes } = survey.spec.to;
  if (nodes.kind !== 'create') return [];
  const { capacity } = nodes;
  if ((capacity.kind !== 'spot' && capacity.kind !== 'flexStart') || capacity.acceptExpiry) return [];
  return [
    finding(
      'capacity-expires',
      `NodePool ${nodes.name}`,
      capacity.kind === 'spot'
        ? 'Spot nodes can be taken away at any time.'
        : 'Flex-start nodes are deleted at most 7 days after they were made.',
    ),
  ];
};
