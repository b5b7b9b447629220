/**
 * Writes the pages that are generated from schema and tables, or with `--check` says which of them are stale.
 * Exit code 1: stale, or a wrong argument.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rolloutJsonSchema } from '../workflows/spec/json-schema.ts';
import { rolloutFileReference } from '../workflows/spec/reference.ts';
import { errorsPage } from './pages/errors-page.ts';
import { gatesPage } from './pages/gates-page.ts';

const root = join(import.meta.dirname, '..');

const pages: Readonly<Record<string, string>> = {
  'docs/rollout-file.md': rolloutFileReference(),
  'docs/rollout-schema.json': `${JSON.stringify(rolloutJsonSchema(), null, 2)}\n`,
  'docs/gates.md': gatesPage(),
  'docs/errors.md': errorsPage(),
};

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

const [argument, ...others] = process.argv.slice(2);
if (others.length > 0 || (argument !== undefined && argument !== '--check')) {
  console.error('usage: node scripts/write-docs.ts [--check]');
  process.exitCode = 1;
} else {
  for (const [page, text] of Object.entries(pages)) {
    const path = join(root, page);
    if (read(path) === text) continue;
    if (argument === '--check') {
      console.error(`${page} is stale: run node scripts/write-docs.ts`);
      process.exitCode = 1;
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      console.log(`wrote ${page}`);
    }
  }
}
