/**
 * Writes the documents of a machine version that is about to be released: `node scripts/write-golden.ts`. Those of an
 * older version are never written again: they show that its rollouts still run.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { MOMENTS } from '../test/golden/moments.ts';
import { CURRENT_VERSION } from '../workflows/rollout/versions.ts';

const folder = new URL(`../test/golden/v${CURRENT_VERSION}/`, import.meta.url);
if (existsSync(folder) && !process.argv.includes('--unreleased')) {
  process.stderr.write(
    `${folder.pathname} exists: a released version is never written again (--unreleased insists)\n`,
  );
  process.exit(1);
}
mkdirSync(folder, { recursive: true });
for (const [name, make] of Object.entries(MOMENTS)) {
  const { document, nowMs, plan } = make();
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify({ nowMs, plan, document }, null, 1)}\n`);
}
process.stdout.write(`${Object.keys(MOMENTS).length} documents of machine ${CURRENT_VERSION}\n`);
