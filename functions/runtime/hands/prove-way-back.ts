import type { Hand } from './hand.ts';
import { proveWayBackFor, resultOf } from './way-back.ts';

/** Before each growth (I14): the rollback patch passes a dry run, the old side is at its floor, nothing speaks against it. */
export const proveWayBack: Hand<'proveWayBack'> = async (ports, job) => {
  const proof = await proveWayBackFor(ports, job, {
    sharePercent: job.effect.sharePercent,
    isWriting: false,
  });
  if (proof.kind !== 'proved') return resultOf(proof);
  return { kind: 'outcome', outcome: { kind: 'wayBackProved', newReady: proof.newReady } };
};
