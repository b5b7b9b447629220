/** One rollout of the example stack from its start to its last journal entry, on a simulated cloud without faults. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import type { WorldInput } from '../../simulator/world/parameters.ts';
import type { Plan } from '../../workflows/plans/plan.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { aCloud, documentOf, journalOf, rolloutFile, runToEnd, start } from '../helpers/simulated-rollout.ts';

export interface WholeRollout {
  readonly cloud: SimulatedCloud;
  readonly document: RolloutDocument;
  readonly entries: readonly JournalEntry[];
  readonly plan: Plan;
}

/** The example as it is published: default ladder of type node, a node pool that is bought, both judges. */
export const EXAMPLE_FILE = readFileSync(
  join(import.meta.dirname, '../../examples/node-update/rollout.yaml'),
  'utf8',
);

/** The file, started on a cloud of its own. Returns cloud and id; throws when the start is refused. */
export const startOn = async (
  world: WorldInput,
  file: string,
): Promise<{ readonly cloud: SimulatedCloud; readonly rolloutId: string }> => {
  const cloud = aCloud(world);
  const { status, body } = await start(cloud, file);
  const { rolloutId } = body as { readonly rolloutId?: string };
  if (status !== 201 || rolloutId === undefined)
    throw new Error(`the start was answered ${status}: ${JSON.stringify(body)}`);
  return { cloud, rolloutId };
};

/** Runs a file to its end, which must be `promoted`. */
export const wholeRollout = async (world: WorldInput, file: string): Promise<WholeRollout> => {
  const { cloud, rolloutId } = await startOn(world, file);
  await runToEnd(cloud, rolloutId);
  const document = documentOf(cloud, rolloutId);
  if (document.state !== 'promoted') throw new Error(`${rolloutId} ended ${document.state}`);
  const plan = JSON.parse(document.plan ?? 'null') as Plan;
  return { cloud, document, entries: journalOf(cloud, rolloutId), plan };
};

/**
 * Half an hour below 100 in three rungs, one minute at 100, ten minutes of retention and of kept pods: 360 looks of
 * five seconds, and those while weights are unconfirmed. 3 + 3 pods, both judges, every tripwire.
 */
export const HALF_HOUR_FILE = rolloutFile({
  ladder: [
    '{ share: 5, bake: 10m }',
    '{ share: 25, bake: 10m }',
    '{ share: 50, bake: 10m }',
    '{ share: 100, bake: 1m }',
  ],
  more: [
    '  objectives: { ttft: { over: 2.5s, atMost: 0.05 } }',
    '  rollback: { after: { newPods: 10m, nodePool: 1h } }',
  ],
}).replace('retention: { old: 5m', 'retention: { old: 10m');
