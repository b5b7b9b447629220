/**
 * node scripts/build-cluster-binaries.ts
 *
 * Builds the programs of the control plane that `npm run test:cluster` starts, unless they are there already, and prints
 * where each of them is. Exit code 1: there is no Go, or a build failed.
 */
import { findBinaries } from '../test/cluster/control-plane/find-binaries.ts';

const found = await findBinaries((line) => console.error(line));
if (found.kind === 'absent') {
  console.error(found.sentence);
  process.exitCode = 1;
} else {
  for (const [name, path] of Object.entries(found.paths)) console.log(`${name.padEnd(24)}${path}`);
}
