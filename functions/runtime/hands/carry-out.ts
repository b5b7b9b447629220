import { assertNever, must } from '../../../workflows/assert.ts';
import type { Ports } from '../../../workflows/ports.ts';
import type { Effect } from '../../../workflows/rollout/effects.ts';
import { adoptDrift } from './adopt-drift.ts';
import { awaitNewSide } from './await-new-side.ts';
import { awaitTurn } from './await-turn.ts';
import { confirmRefsRemoved } from './confirm-refs-removed.ts';
import { confirmRollback } from './confirm-rollback.ts';
import { confirmWeights } from './confirm-weights.ts';
import { createNodePool } from './create-node-pool.ts';
import { createObjects } from './create-objects.ts';
import { deleteNodePool } from './delete-node-pool.ts';
import { deleteObjects } from './delete-objects.ts';
import { fenceRoutes } from './fence-routes.ts';
import type { HandResult, Job } from './hand.ts';
import { makePlan } from './make-plan.ts';
import { moveObjectives } from './move-objectives.ts';
import { proveWayBack } from './prove-way-back.ts';
import { removeRefs } from './remove-refs.ts';
import { rollBack } from './roll-back.ts';
import { setWeights } from './set-weights.ts';
import { verifyPods } from './verify-pods.ts';

/** Carries out one effect by its hand. */
export const carryOut = async (ports: Ports, job: Job): Promise<HandResult> => {
  const narrowed = <K extends Effect['kind']>(_kind: K) =>
    job as unknown as Job<Extract<Effect, { kind: K }>>;
  const { effect } = job;
  switch (effect.kind) {
    case 'awaitTurn':
      return awaitTurn(ports, narrowed(effect.kind));
    case 'makePlan':
      return makePlan(ports, narrowed(effect.kind));
    case 'createObjects':
      return createObjects(ports, narrowed(effect.kind));
    case 'createNodePool':
      return createNodePool(ports, narrowed(effect.kind));
    case 'awaitNewSide':
      return awaitNewSide(ports, narrowed(effect.kind));
    case 'verifyPods':
      return verifyPods(ports, narrowed(effect.kind));
    case 'proveWayBack':
      return proveWayBack(ports, narrowed(effect.kind));
    case 'setWeights':
      return setWeights(ports, narrowed(effect.kind));
    case 'confirmWeights':
      return confirmWeights(ports, narrowed(effect.kind));
    case 'fenceRoutes':
      return fenceRoutes(ports, narrowed(effect.kind));
    case 'adoptDrift':
      return adoptDrift(ports, narrowed(effect.kind));
    case 'moveObjectives':
      return moveObjectives(ports, narrowed(effect.kind));
    case 'rollBack':
      return rollBack(ports, narrowed(effect.kind));
    case 'confirmRollback':
      return confirmRollback(ports, narrowed(effect.kind));
    case 'removeRefs':
      return removeRefs(ports, narrowed(effect.kind));
    case 'confirmRefsRemoved':
      return confirmRefsRemoved(ports, narrowed(effect.kind));
    case 'deleteObjects':
      return deleteObjects(ports, narrowed(effect.kind));
    case 'deleteNodePool':
      return deleteNodePool(ports, narrowed(effect.kind));
    case 'page':
      ports.log('CRITICAL', effect.code, effect.sentence, { rolloutId: must(job.rolloutId, 'rollout id') });
      return { kind: 'outcome', outcome: { kind: 'paged' } };
    default:
      return assertNever(effect, 'effect');
  }
};
