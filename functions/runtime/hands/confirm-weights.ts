import { must } from '../../../workflows/assert.ts';
import type { Plan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { titleOf } from '../../../workflows/steps/carrier.ts';
import { recogniseDrift } from '../../../workflows/steps/drift.ts';
import { confirmation } from '../../../workflows/steps/gateway-status.ts';
import { sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { all } from '../all.ts';
import { freshNow } from './fence-check.ts';
import type { Hand } from './hand.ts';
import { readRoute } from './route-io.ts';
import { areTargetsFollowed } from './targets-followed.ts';

export const CONFIRM_EVERY_MS = 3000;

/** Targets are followed once the pickers' counters show it, or the settle time has passed. */
const whyNotFollowed = async (
  ports: Ports,
  job: Parameters<Hand<'confirmWeights'>>[1],
  plan: Plan,
  atMs: number,
): Promise<string | null> => {
  const { adapter } = plan;
  if (adapter === undefined || atMs - job.sinceMs >= plan.pacing.settleMs) return null;
  const { sharePercent } = job.effect;
  if (
    adapter.confirmedBy === 'picker' &&
    sharePercent > 0 &&
    (await areTargetsFollowed(ports, plan, adapter))
  )
    return null;
  return `nothing shows yet that the pickers follow a share of ${sharePercent} % of ${adapter.to}`;
};

/** Every gateway says that it has programmed what we wrote, and it still is what we wrote. */
export const confirmWeights: Hand<'confirmWeights'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const { sharePercent } = job.effect;
  const sides = sidesOf(plan);
  const reads = await all(plan.routes.map((route) => readRoute(ports, plan, route)));
  // After the reads: a drift that a newer decision of ours explains is none.
  const atMs = await freshNow(ports, job);
  if (atMs === null) return { kind: 'stale' };
  let waiting: string | null = null;
  for (const [index, read] of reads.entries()) {
    const route = must(plan.routes[index], 'route of a read');
    if (read.kind !== 'ok' && read.kind !== 'gone') {
      waiting ??= `${titleOf(route)} cannot be read: ${read.kind}`;
      continue;
    }
    const object = read.kind === 'ok' ? read.object : null;
    const drift = recogniseDrift(object, route, {
      rolloutId: job.rolloutId,
      fence: job.fence,
      sides,
      sharesPercent: [sharePercent],
      attached: true,
    });
    if (drift !== null) return { kind: 'outcome', outcome: { kind: 'drifted', drift } };
    if (object === null) continue;
    const said = confirmation(object, route);
    if (said.kind === 'refused')
      ports.log('WARNING', 'weights-refused-by-gateway', said.message, { rolloutId: job.rolloutId });
    if (said.kind !== 'confirmed') waiting ??= said.kind === 'waiting' ? said.reason : said.message;
  }
  waiting ??= await whyNotFollowed(ports, job, plan, atMs);
  if (waiting !== null) return { kind: 'again', inMs: CONFIRM_EVERY_MS, why: waiting };
  return { kind: 'outcome', outcome: { kind: 'weightsConfirmed', sharePercent, atMs } };
};
