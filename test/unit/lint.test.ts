/** The lint guards purity and the arrows between folders: here it must find what is planted, and see the whole project. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../helpers/project-files.ts';

interface LintReport {
  readonly diagnostics: readonly {
    readonly code: string;
    readonly filename: string;
    readonly message: string;
  }[];
  readonly number_of_files: number;
}

/** Exit code 1 only says that something was found. */
const lint = (folder: string): LintReport => {
  const run = (): string => {
    try {
      return execFileSync(join(ROOT, 'node_modules/.bin/oxlint'), ['--format=json', '.'], {
        cwd: folder,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      });
    } catch (error) {
      return String((error as { readonly stdout?: unknown }).stdout);
    }
  };
  return JSON.parse(run()) as LintReport;
};

/** File, its text, and the rule that must find it; null: it is allowed. */
const PLANTED: readonly (readonly [path: string, text: string, rule: string | null])[] = [
  ['workflows/clock.ts', 'export const now = () => Date.now();\n', 'no-restricted-globals'],
  ['workflows/dice.ts', 'export const dice = () => Math.random();\n', 'no-restricted-properties'],
  [
    'workflows/disk.ts',
    "import { readFileSync } from 'node:fs';\nexport const read = () => readFileSync('x');\n",
    'no-restricted-imports',
  ],
  [
    'workflows/upwards.ts',
    "import { door } from '../functions/door.ts';\nexport const through = () => door();\n",
    'no-restricted-imports',
  ],
  [
    'simulator/world/clock.ts',
    'export const later = () => setTimeout(() => 1, 1);\n',
    'no-restricted-globals',
  ],
  [
    'simulator/world/borrows.ts',
    "import { step } from '../../workflows/step.ts';\nexport const borrowed = () => step;\n",
    'no-restricted-imports',
  ],
  [
    'simulator/world/types-only.ts',
    "import type { Step } from '../../workflows/step.ts';\nexport const echo = (step: Step): Step => step;\n",
    null,
  ],
  [
    'functions/door.ts',
    "import { world } from '../simulator/world.ts';\nexport const door = () => world;\n",
    'no-restricted-imports',
  ],
  [
    'functions/runtime/race.ts',
    'export const first = (all: Promise<number>[]) => Promise.race(all);\n',
    'no-restricted-properties',
  ],
  [
    'functions/runtime/adapter.ts',
    "import { store } from '../adapters/store.ts';\nexport const opened = () => store;\n",
    'no-restricted-imports',
  ],
  [
    'functions/runtime/timer.ts',
    'export const soon = () => AbortSignal.timeout(1);\n',
    'no-restricted-globals',
  ],
  [
    'functions/adapters/decides.ts',
    "import { step } from '../../workflows/rollout/step.ts';\nexport const decide = () => step;\n",
    'no-restricted-imports',
  ],
  [
    'functions/index.ts',
    "import { createServer } from 'node:http';\nexport const host = () => createServer();\n",
    null,
  ],
  [
    'simulator/servers/borrows-a-client.ts',
    "import { v1 } from '@google-cloud/container';\nexport const borrowed = () => v1;\n",
    'no-restricted-imports',
  ],
  [
    'simulator/servers/decides.ts',
    "import { step } from '../../workflows/rollout/step.ts';\nexport const decide = () => step;\n",
    'no-restricted-imports',
  ],
];

const inFolder = <T>(work: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-lint-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

describe('the lint', () => {
  test('finds every planted violation, and nothing where none is', () => {
    const found = inFolder((folder) => {
      copyFileSync(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
      for (const [path, text] of PLANTED) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      return lint(folder).diagnostics;
    });
    const rulesOf = (path: string): readonly string[] =>
      found.filter(({ filename }) => filename === path).map(({ code }) => code);

    expect(PLANTED.map(([path]) => [path, rulesOf(path)])).toEqual(
      PLANTED.map(([path, , rule]) => [path, rule === null ? [] : [`eslint(${rule})`]]),
    );
  });

  test('sees the whole project', () => {
    const { number_of_files: files } = lint(ROOT);
    console.log(`lint: ${String(files)} files seen`);
    expect(files).toBeGreaterThan(150);
  });
});
