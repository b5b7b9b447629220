/**
 * What the demo can show. A scenario sets parameters of the world, changes the rollout file, and says what people do;
 * nothing else ever reads its name.
 */
import type { Act } from '../simulator/world/acts.ts';
import type { WorldInput } from '../simulator/world/parameters.ts';
import type { RolloutState } from '../workflows/rollout/read-state.ts';
import type { RolloutSpec } from '../workflows/spec/rollout-spec.ts';

/** A field of the rollout file that is set, whatever stood there. */
export interface FileEdit {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** Something that a person asks of the API once the rollout stands as described. */
export interface OperatorAct {
  readonly principal: string;
  /** Asked at each commit; the act is done once per hold or step that it is true in. */
  readonly when: (state: RolloutState) => boolean;
  /** People need a moment. */
  readonly afterMs: number;
  readonly request: (state: RolloutState) => { readonly verb: string; readonly body: object };
}

export interface Scenario {
  readonly name: string;
  /** One sentence, without the end. */
  readonly about: string;
  /** Folder in examples/. */
  readonly example: 'node-update' | 'base-model' | 'adapter';
  readonly endsAs: 'promoted' | 'rolledBack' | 'failed';
  /** What the rollout must have for it; null: nothing. */
  readonly needs: 'create' | 'adapter' | null;
  readonly edits: (spec: RolloutSpec) => readonly FileEdit[];
  readonly world: (spec: RolloutSpec, route: RouteName) => WorldInput;
  readonly operator: readonly OperatorAct[];
}

/** A route of the old pool. */
export interface RouteName {
  readonly namespace: string;
  readonly name: string;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** Who is asked for approvals: somebody else than the starter. */
const COLLEAGUE = 'lead@example.com';
const OPERATOR = 'operator@example.com';

/** A rollout file may ask for approvals; in a demo a colleague gives them. */
const APPROVES: OperatorAct = {
  principal: COLLEAGUE,
  when: ({ step }) => step === 'approving',
  afterMs: 90 * SECOND_MS,
  request: ({ context }) => ({ verb: 'approve', body: { stepEntry: context.stepEntry } }),
};

const ADOPTS: OperatorAct = {
  principal: OPERATOR,
  when: ({ context }) => context.hold?.reason === 'drift',
  afterMs: 2 * MINUTE_MS,
  request: ({ context }) => ({
    verb: 'resume',
    body: { generation: context.pauseGeneration + 1, holdId: context.hold?.id ?? null, drift: 'adopt' },
  }),
};

/** The share at which something happens: 25 in the default ladders, else the last one below 100. */
const shareOf = ({ ladder }: RolloutSpec): number => {
  const below = ladder.map(({ sharePercent }) => sharePercent).filter((share) => share < 100);
  return below.find((share) => share >= 25) ?? below.at(-1) ?? 100;
};

const atShare = (spec: RolloutSpec, forMs: number, act: Act): WorldInput => ({
  acts: [
    {
      when: {
        cluster: spec.cluster,
        namespace: spec.namespace,
        pool: spec.to.pool,
        ...(spec.adapter === null
          ? {}
          : {
              rewritten: {
                asked: spec.adapter.alias,
                target: spec.adapter.to.name,
                besides: spec.adapter.from,
              },
            }),
        percent: shareOf(spec),
        forMs,
      },
      act,
    },
  ],
});

const policyOf = (spec: RolloutSpec): string =>
  spec.alerts.policies[0]?.name ?? `projects/${spec.cluster.split('/')[1] ?? 'acme'}/alertPolicies/new-5xx`;

/** What the node pool that is created costs in time: H100's elder sister. */
const SLOW_MACHINE = 'a2-highgpu-8g';

const none = (): readonly FileEdit[] => [];

const NODE = {
  example: 'node-update',
  needs: null,
  edits: none,
  world: () => ({}),
  operator: [APPROVES],
} as const;

const ADAPTER = { ...NODE, example: 'adapter', needs: 'adapter' } as const;

const loseOnOnePod = ({ cluster, namespace, from, adapter }: RolloutSpec, as: 'absent' | 'silent'): Act => ({
  kind: 'adapterMissing',
  target: { cluster, namespace, pool: from.pool, pods: 1 },
  adapter: adapter?.to.name ?? '',
  as,
});

/** Weights as somebody else would have them. */
const editOf = (
  { cluster, namespace, from, to, adapter }: RolloutSpec,
  route: RouteName,
  share: number,
): Act =>
  adapter === null
    ? {
        kind: 'weightsEdited',
        cluster,
        namespace: route.namespace,
        route: route.name,
        weights: { [from.pool]: 100 - share, [to.pool]: share },
      }
    : {
        kind: 'targetsEdited',
        cluster,
        namespace,
        pool: from.pool,
        asked: adapter.alias,
        weights: { [adapter.from]: 100 - share, [adapter.to.name]: share },
      };

export const SCENARIOS: readonly Scenario[] = [
  {
    ...NODE,
    name: 'node-update',
    about: 'The same model moves to new machines: a node pool is created, traffic climbs the ladder.',
    endsAs: 'promoted',
  },
  {
    ...NODE,
    name: 'base-model',
    about: 'A new base model takes over the old names and adapters; a colleague approves before 25 %.',
    example: 'base-model',
    endsAs: 'promoted',
  },
  {
    ...NODE,
    name: 'slow-hardware',
    about: `Somebody chose ${SLOW_MACHINE}, which is too slow: a judge sees the time to the first token.`,
    endsAs: 'rolledBack',
    needs: 'create',
    edits: () => [{ path: ['spec', 'to', 'nodes', 'create', 'machineType'], value: SLOW_MACHINE }],
  },
  {
    ...NODE,
    name: 'alert',
    about: 'An incident of Cloud Monitoring opens while a quarter of the users is on the new side.',
    endsAs: 'rolledBack',
    edits: (spec) =>
      spec.alerts.policies.length > 0
        ? []
        : [{ path: ['spec', 'alerts', 'policies'], value: [{ name: policyOf(spec), blames: 'new' }] }],
    world: (spec) => ({
      ...atShare(spec, 2 * MINUTE_MS, {
        kind: 'incidentOpened',
        policy: policyOf(spec),
        summary: `5xx of ${spec.to.pool} above 5 % for 2 minutes.`,
        forMs: 30 * MINUTE_MS,
      }),
      alertPolicies: [{ name: policyOf(spec), displayName: `5xx of ${spec.to.pool}`, condition: null }],
    }),
  },
  {
    ...NODE,
    name: 'stockout',
    about: 'The zone has no accelerators left: the node pool cannot be created.',
    endsAs: 'failed',
    needs: 'create',
    world: (spec) => ({
      nodePoolFaults: [{ machineType: boughtMachine(spec), kind: 'stockout', afterMs: 4 * MINUTE_MS }],
    }),
  },
  {
    ...NODE,
    name: 'drift',
    about: 'Somebody edits the weights by kubectl in the middle of a bake; the operator adopts them.',
    endsAs: 'promoted',
    world: (spec, route) => {
      const share = Math.max(1, Math.floor(shareOf(spec) * 0.6));
      return atShare(spec, 3 * MINUTE_MS, editOf(spec, route, share));
    },
    operator: [APPROVES, ADOPTS],
  },
  {
    ...ADAPTER,
    name: 'adapter',
    about:
      'A new version of a LoRA adapter on the pods that serve the old one; its targets climb the ladder.',
    endsAs: 'promoted',
  },
  {
    ...ADAPTER,
    name: 'adapter-silent',
    about: 'On one pod the new version loads and has no effect: verifying sees it, before any traffic.',
    endsAs: 'failed',
    world: (spec) => ({ acts: [{ when: { afterMs: 0 }, act: loseOnOnePod(spec, 'silent') }] }),
  },
  {
    ...ADAPTER,
    name: 'adapter-missing',
    about: 'One pod loses the new version while a quarter of the users is on it, and cannot load it again.',
    endsAs: 'rolledBack',
    world: (spec) => atShare(spec, 2 * MINUTE_MS, loseOnOnePod(spec, 'absent')),
  },
];

/** Machine type of the simulated node pools, where the file says none. */
export const DEFAULT_MACHINE = 'a3-highgpu-8g';

const boughtMachine = ({ to: { nodes } }: RolloutSpec): string =>
  (nodes.kind === 'create' ? nodes.machineType : null) ?? DEFAULT_MACHINE;
