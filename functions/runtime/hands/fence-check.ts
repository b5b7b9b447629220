import type { Ports } from '../../../workflows/ports.ts';
import type { Job } from './hand.ts';

/** The store's time, or null when somebody has decided anew since this effect was made. */
export const freshNow = async (ports: Ports, job: Job): Promise<number | null> => {
  const { document, readAtMs } = await ports.store.load({ rolloutId: job.rolloutId });
  return document?.fence === job.fence ? Math.max(readAtMs, document.lastNowMs) : null;
};
