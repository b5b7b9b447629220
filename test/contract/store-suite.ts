import { describe, expect, test } from 'vitest';
import { documentCases } from './store/document-cases.ts';
import { handleCases } from './store/handle-cases.ts';
import { journalCases } from './store/journal-cases.ts';
import { listCases } from './store/list-cases.ts';
import { lockCases } from './store/lock-cases.ts';
import { registryCases } from './store/registry-cases.ts';
import { startCases } from './store/start-cases.ts';
import type { Case, StoreBench } from './store/store-bench.ts';

const GROUPS: Readonly<Record<string, readonly Case[]>> = {
  documents: documentCases,
  journal: journalCases,
  locks: lockCases,
  starts: startCases,
  lists: listCases,
  registry: registryCases,
  handles: handleCases,
};

/** How many sentences the contract has. */
export const STORE_CASES = Object.values(GROUPS).flat().length;

/** Runs the contract of a StorePort against one implementation; `passed` counts its cases while they run. */
export function describeStore(name: string, factory: () => StoreBench): { readonly passed: number } {
  const count = { passed: 0 };
  for (const [group, cases] of Object.entries(GROUPS)) {
    describe(`the store contract, ${name}, ${group}`, () => {
      for (const [sentence, body] of cases) {
        test(`${sentence}`, async () => {
          expect.hasAssertions();
          const bench = factory();
          try {
            await body(bench);
            count.passed += 1;
          } finally {
            bench.close();
          }
        });
      }
    });
  }
  return count;
}
