/**
 * Run as a process of its own: raises the fence of `llm-1` by optimistic commits, creating it if needed.
 * Arguments: path of the store, name of this process, how many commits (or `forever`).
 * Prints the sentence of each entry whose commit was acknowledged, and `conflicts N` at the end.
 */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../../functions/adapters/store-sqlite.ts';
import { aDocument, anEntry } from '../../helpers/stored-records.ts';

const [path = '', name = '', count = ''] = process.argv.slice(2);
const commits = count === 'forever' ? Number.POSITIVE_INFINITY : Number(count);
const store = openSqliteStore({ path, now: () => 0 });
const first = aDocument({ fence: 0, snapshot: 'x'.repeat(20_000) });
await store.commit({ expectedRevision: null, document: first, entries: [] });
let conflicts = 0;
for (let done = 0; done < commits; ) {
  const { document } = await store.load({ rolloutId: first.rolloutId });
  if (document === null) throw new Error('The rollout is gone.');
  const next = { ...document, revision: document.revision + 1, fence: document.fence + 1 };
  const sentence = `${name}/${done}`;
  const entries = [anEntry(next.fence, { sentence })];
  const result = await store.commit({ expectedRevision: document.revision, document: next, entries });
  if (result.kind === 'committed') {
    done += 1;
    writeSync(1, `${sentence}\n`);
  } else {
    conflicts += 1;
  }
}
store.close();
writeSync(1, `conflicts ${conflicts}\n`);
