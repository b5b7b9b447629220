import type { RolloutSpec } from './rollout-spec.ts';

/** A default of the full format that is not built, and what happens instead. Every plan lists them. */
export interface NotInThisVersion {
  readonly field: string;
  /** The default of the full format. */
  readonly reference: string;
  /** What this version does. */
  readonly instead: string;
  readonly why: string;
  /** Types that have the field; absent: all. */
  readonly types?: readonly RolloutSpec['type'][];
}

const POOLS = ['node', 'baseModel'] as const;

export const NOT_IN_THIS_VERSION: readonly NotInThisVersion[] = [
  {
    field: 'spec.to.source',
    types: POOLS,
    reference: 'derive',
    instead: 'no default: existing or manifests must be written',
    why: 'The new side is not derived from the old one’s objects yet, and guessing where it comes from would be worse.',
  },
  {
    field: 'spec.from.autoscaler',
    types: POOLS,
    reference: 'pin',
    instead: 'an old side with an autoscaler is refused unless autoscaler: leave is written',
    why: 'Autoscalers cannot be pinned yet, and an old side that shrinks cannot take the traffic back.',
  },
  {
    field: 'spec.verify.door',
    reference: 'auto',
    instead: 'off',
    why: 'No route of its own to the new side is made: pods are asked through the API server.',
  },
  {
    field: 'spec.verify.names',
    reference: 'seen (the names in 7 days of traffic)',
    instead: 'the names that the old side’s servers answer to',
    why: 'Past traffic is not read; the old servers’ own list has every name that they could have served.',
  },
  {
    field: 'spec.metrics.source',
    reference: 'cloudMonitoring',
    instead: 'pods',
    why: 'Figures are read from the pods through the API server: without delay, and without Cloud Monitoring.',
  },
  {
    field: 'spec.metrics.podMonitoring',
    reference: 'create',
    instead: 'none is created or changed',
    why: 'The pods are read directly.',
  },
  {
    field: 'spec.alerts.managed',
    reference: 'true',
    instead: 'false',
    why: 'Sluice makes no alert policies of its own yet; the tripwires run at each look without them.',
  },
  {
    field: 'spec.retention.retire',
    types: POOLS,
    reference: 'delete',
    instead: 'no default: keep or delete must be written',
    why: 'Without waiting for Git, Helm or Terraform a deletion must be somebody’s decision.',
  },
  {
    field: 'spec.retention.handover',
    types: POOLS,
    reference: 'wait',
    instead: 'none; delete is refused where the old objects belong to Argo CD, Flux, Helm or Terraform',
    why: 'Whether Git, Helm or Terraform still name the old side is not watched yet.',
  },
];
