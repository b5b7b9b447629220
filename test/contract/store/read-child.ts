/** Run as a process of its own, without the rights of root: prints the revision of `llm-1` in the store of the argument. */
import { openSqliteStore } from '../../../functions/adapters/store-sqlite.ts';

const NOBODY = 65_534;
if (process.getuid?.() === 0) process.setuid?.(NOBODY);
const store = openSqliteStore({ path: process.argv[2] ?? '', now: () => 0, readOnly: true });
const { document } = await store.load({ rolloutId: 'llm-1' });
console.log(`revision ${document?.revision}`);
store.close();
