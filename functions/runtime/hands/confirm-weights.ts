import { must } from '../../../workflows/assert.ts';
import { recogniseDrift } from '../../../workflows/steps/drift.ts';
import { confirmation } from '../../../workflows/steps/gateway-status.ts';
import { sidesOf } from '../../../workflows/steps/traffic-weights.ts';
import { all } from '../all.ts';
import { freshNow } from './fence-check.ts';
import type { Hand } from './hand.ts';
import { nameOf, readRoute } from './route-io.ts';

export const CONFIRM_EVERY_MS = 3000;

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
      waiting ??= `HTTPRoute ${nameOf(route)} cannot be read: ${read.kind}`;
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
  if (waiting !== null) return { kind: 'again', inMs: CONFIRM_EVERY_MS, why: waiting };
  return { kind: 'outcome', outcome: { kind: 'weightsConfirmed', sharePercent, atMs } };
};
