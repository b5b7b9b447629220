/** A process of a batch: is sent seeds, answers with tallies. */
import { drawTrial } from './draw/draw-trial.ts';
import { judgeTrial } from './examine.ts';
import { tallyOf } from './tally.ts';

process.on('message', (seed: number) => {
  void judgeTrial(drawTrial(seed)).then(({ run, found }) => process.send?.(tallyOf(seed, run, found)));
});
