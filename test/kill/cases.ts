/**
 * The rollouts that are killed: short ladders over the published examples, with and without a node pool of their own, to the
 * top and back by an alert. About ten virtual minutes each, provisioning aside.
 */
import { type DemoInput, readDemo } from '../../local/demo-input.ts';
import { demoWorld } from '../../local/demo-world.ts';
import { editRollout } from '../../local/edit-rollout.ts';
import type { FileEdit } from '../../local/scenarios.ts';
import type { WorldInput } from '../../simulator/world/parameters.ts';

export interface KillCase {
  readonly name: string;
  readonly input: DemoInput;
  readonly world: (seed: number) => WorldInput & { readonly seed: number };
  readonly endsAs: 'promoted' | 'rolledBack';
}

const POLICY = 'projects/acme/alertPolicies/kill-5xx';
const REQUESTS_PER_SECOND = 40;
const SECOND_MS = 1000;

const LADDER = [
  { share: 25, bake: '90s' },
  { share: 60, bake: '90s' },
  { share: 100, bake: '90s' },
] as const;

/** The alert comes in the second rung, when the objectives have moved along with the majority. */
const ALERT = { percent: 55, forMs: 30 * SECOND_MS };

const EDITS: readonly FileEdit[] = [
  { path: ['spec', 'ladder'], value: LADDER },
  { path: ['spec', 'pacing'], value: { settle: '20s', warmUp: '0s' } },
  { path: ['spec', 'gates'], value: { tune: { errors: { minSamples: 50 } } } },
  { path: ['spec', 'alerts'], value: { policies: [{ name: POLICY, blames: 'new' }] } },
  { path: ['spec', 'retention'], value: { old: '90s', retire: 'delete' } },
  { path: ['spec', 'rollback'], value: { after: { newPods: '60s', nodePool: '1h' } } },
];

/** What hardware takes its time for is not what is tried here. */
const DURATIONS: WorldInput['durations'] = {
  nodePoolCreation: [40 * SECOND_MS, 60 * SECOND_MS],
  imagePull: [5 * SECOND_MS, 10 * SECOND_MS],
  modelLoad: [15 * SECOND_MS, 20 * SECOND_MS],
  pickerStart: [3 * SECOND_MS, 5 * SECOND_MS],
  backendBuild: [10 * SECOND_MS, 15 * SECOND_MS],
};

const READY: WorldInput['serving'] = { firstUseMs: 2 * SECOND_MS };

interface Told {
  readonly name: string;
  readonly example: 'node-update' | 'base-model';
  readonly endsAs: KillCase['endsAs'];
}

const inputOf = ({ example }: Told): DemoInput => {
  const read = readDemo({ scenario: example });
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  const edited = editRollout(read.value.rollout, EDITS);
  if (edited.kind === 'problems') throw new Error(JSON.stringify(edited.problems));
  return { ...read.value, rollout: edited.value };
};

const killCase = (told: Told): KillCase => {
  const input = inputOf(told);
  const { spec } = input.rollout;
  return {
    name: told.name,
    input,
    endsAs: told.endsAs,
    world: (seed) => ({
      ...demoWorld(input, { seed, requestsPerSecond: REQUESTS_PER_SECOND }),
      durations: DURATIONS,
      serving: READY,
      alertPolicies: [{ name: POLICY, displayName: `5xx of ${spec.to.pool}`, condition: null }],
      acts:
        told.endsAs === 'rolledBack'
          ? [
              {
                when: {
                  cluster: spec.cluster,
                  namespace: spec.namespace,
                  pool: spec.to.pool,
                  ...ALERT,
                },
                act: { kind: 'incidentOpened', policy: POLICY, forMs: 600 * SECOND_MS },
              },
            ]
          : [],
    }),
  };
};

/** All cases, read from the disk once. */
export const killCases = (): readonly KillCase[] => [
  killCase({ name: 'node-update', example: 'node-update', endsAs: 'promoted' }),
  killCase({ name: 'base-model, alert', example: 'base-model', endsAs: 'rolledBack' }),
  killCase({ name: 'base-model', example: 'base-model', endsAs: 'promoted' }),
  killCase({ name: 'node-update, alert', example: 'node-update', endsAs: 'rolledBack' }),
];
