import { isDeepStrictEqual } from 'node:util';
import { replay } from '../../workflows/rollout/replay.ts';
import { sharedPath } from '../helpers/shared.ts';
import { runSwept, type Swept } from './swept-rollout.ts';

/** Every crash point of one half: the process dies just before, or just after, each of its port calls. */
export const sweep = async (
  kind: Swept,
  when: 'before' | 'after',
): Promise<{ readonly golden: string; readonly calls: number; readonly wrong: readonly string[] }> => {
  const folder = sharedPath('manifests', 'gaie-v1.0.1');
  if (folder === null) throw new Error('the published serving stack is not at hand');
  const golden = await runSwept(kind, folder);
  const again = await runSwept(kind, folder);
  const wrong = isDeepStrictEqual(again.journal, golden.journal)
    ? []
    : ['the same seed gave another history'];
  for (let call = 1; call <= golden.calls; call += 1) {
    const run = await runSwept(kind, folder, { call, when });
    const where = `${kind}, crashed ${when} port call ${call}`;
    if (run.state !== golden.state) wrong.push(`${where}: ended ${run.state}`);
    else if (JSON.stringify(run.truth) !== JSON.stringify(golden.truth))
      wrong.push(`${where}: another ground truth`);
    const twice = Object.entries(run.creations).filter(([, count]) => count > 1);
    if (twice.length > 0) wrong.push(`${where}: created twice: ${twice.map(([what]) => what).join(', ')}`);
    const document = run.cloud.store.truth.documents.get('llm-second-1');
    if (document !== undefined && replay(document, run.journal).kind !== 'matches')
      wrong.push(`${where}: replay differs`);
  }
  console.log(`${kind}: crashed ${when} each of ${golden.calls} port calls, ${wrong.length} wrong`);
  return { golden: golden.state, calls: golden.calls, wrong };
};
