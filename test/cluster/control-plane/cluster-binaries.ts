import { type Binaries, findBinaries } from './find-binaries.ts';

/**
 * For `describe.skipIf(binaries === null)`: the programs, built first if need be; null, with a sentence on the terminal,
 * where there are none and nothing to build them with.
 */
export const clusterBinaries = async (): Promise<Binaries | null> => {
  const found = await findBinaries((line) => console.log(line));
  if (found.kind === 'found') return found.paths;
  console.log(`skipped: ${found.sentence}`);
  return null;
};
