import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CHECKERS } from '../../../simulation/checkers/all.ts';

const FOLDER = new URL('../../../simulation/checkers/', import.meta.url);
const ALLOWED =
  /^(?:import type [^;]+ from '\.\.\/seen\.ts'|(?:import|export)[^;]+ from '\.\/[a-z0-9-]+\.ts')$/su;

/** Every statement that brings something in, dynamic ones too. */
const imports = (text: string): readonly string[] => [
  ...[...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s*'[^']+'/gmu)].map(([statement]) => statement),
  ...[...text.matchAll(/^import\s*'[^']+'|\bimport\s*\(|\brequire\s*\(/gmu)].map(([statement]) => statement),
];

test('checkers import nothing but what was seen and each other', () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));
  const found = names.flatMap((name) =>
    imports(readFileSync(new URL(name, FOLDER), 'utf8')).map((statement) => ({ name, statement })),
  );
  const foreign = found.filter(({ statement }) => !ALLOWED.test(statement));
  console.log(`${names.length} files of checkers with ${found.length} imports`);
  expect(foreign).toEqual([]);
  expect(names.length).toBeGreaterThanOrEqual(11);
  expect(found.length).toBeGreaterThanOrEqual(20);
});

test('the import rule sees foreign imports of every kind', () => {
  const text = [
    "import { step } from '../../../workflows/rollout/step.ts';",
    "import type { Plan } from '../trial.ts';",
    "import fs from 'node:fs';",
    "import '../setup.ts';",
    "const later = await import('./x.ts');",
    "export { a } from '../other.ts';",
    "import type { Seen } from '../seen.ts';",
    "import { at } from './routes.ts';",
  ].join('\n');
  expect(imports(text).filter((statement) => !ALLOWED.test(statement))).toEqual([
    "import { step } from '../../../workflows/rollout/step.ts'",
    "import type { Plan } from '../trial.ts'",
    "import fs from 'node:fs'",
    "export { a } from '../other.ts'",
    "import '../setup.ts'",
    'import(',
  ]);
});

test('each invariant has one checker, and each invariant with a file is listed', () => {
  const rules = CHECKERS.map(({ rule }) => rule);
  const files = readdirSync(FOLDER)
    .map((name) => /^i(\d\d)-/u.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map((number) => `I${Number(number)}`);
  expect(new Set(rules).size).toBe(rules.length);
  expect([...rules].sort()).toEqual([...new Set(files)].sort());
});
