/**
 * `npm run test:kill -- --times N`: Sluice in a process of its own, its store on the disk, the world in this process. It is
 * killed N times, and whatever it was doing must end as without that.
 */
import { readOptions } from './options.ts';
import { runKills } from './run-kills.ts';
import { tallyLines, tallyOf } from './tally.ts';

/** From so many kills on every class must have its kinds of effects. */
const ENOUGH = 20;

const main = async (): Promise<number> => {
  const options = readOptions(process.argv.slice(2));
  const startedMs = Date.now();
  const tally = tallyOf(await runKills(options));
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  const isEnough = options.times >= ENOUGH;
  const isBad =
    tally.violations.length > 0 || tally.kills < options.times || (isEnough && tally.thin.length > 0);
  if (options.json) process.stdout.write(`${JSON.stringify({ ...tally, seed: options.seed, seconds })}\n`);
  else {
    for (const line of tallyLines(tally)) process.stdout.write(`${line}\n`);
    if (tally.kills < options.times)
      process.stdout.write(`only ${tally.kills} of ${options.times} kills struck\n`);
    if (!isEnough) process.stdout.write(`fewer than ${ENOUGH} kills: not every class need have its kinds\n`);
    process.stdout.write(`seed ${options.seed}, ${seconds} s\n`);
  }
  return isBad ? 1 : 0;
};

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
