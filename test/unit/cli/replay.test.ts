import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../../../cli/main.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { testIo } from '../../helpers/test-io.ts';

const ran = async (...args: readonly string[]) => {
  const io = testIo();
  const code = await runCli(args, io);
  return { code, lines: io.outLines, errors: io.errLines };
};

const demoInto = (file: string, scenario: string) =>
  ran('demo', '--scenario', scenario, '--fast', '--json', '--store', file);

describe('demo --store and replay', () => {
  const folder = temporaryFolder();
  const file = folder.at('demo.db');
  let ids: readonly string[] = [];

  beforeAll(async () => {
    const found: string[] = [];
    for (const scenario of ['stockout', 'alert']) {
      const { code, lines } = await demoInto(file, scenario);
      if (code !== 0) throw new Error(`${scenario} ended with ${code}`);
      found.push((JSON.parse(lines.at(-1) ?? '') as { rolloutId: string }).rolloutId);
    }
    ids = found;
    return () => folder[Symbol.dispose]();
  });

  test('a file that exists is added to, under the next number', () => {
    expect(ids).toEqual(['llm-to-h200-1', 'llm-to-h200-2']);
  });

  test('every rollout of the file is replayed', async () => {
    const { code, lines } = await ran('replay', '--store', file, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(lines.join('\n'))).toMatchObject({
      store: file,
      replayMatches: true,
      rollouts: [
        { rolloutId: 'llm-to-h200-1', state: 'failed', replayMatches: true, differsAt: null },
        { rolloutId: 'llm-to-h200-2', state: 'rolledBack', replayMatches: true, differsAt: null },
      ],
    });
  });

  test('one rollout is told as a timeline', async () => {
    const { code, lines } = await ran('replay', '--store', file, 'llm-to-h200-2');
    expect(code).toBe(0);
    expect(lines[0]).toBe('llm-to-h200-2   rolledBack');
    expect(lines[1]).toMatch(/^ {5}1 {2}09:10:0\d {2}started by operator@example\.com → queued$/);
    expect(lines.some((line) => line.includes('→ rollingBack because alert'))).toBe(true);
    expect(lines.at(-1)).toMatch(/^\d+ entries: the replay ends in the stored state$/);
  });

  test('an id that is not there is answered with the nearest', async () => {
    expect(await ran('replay', '--store', file, 'llm-to-h200-3')).toEqual({
      code: 1,
      lines: [],
      errors: [`${file}  rollout-missing  It has no rollout llm-to-h200-3.  Did you mean llm-to-h200-1?`],
    });
  });

  test('a changed entry and a lost one are found by their numbers', async () => {
    const change = (sql: string): void => {
      const database = new DatabaseSync(file);
      database.exec(sql);
      database.close();
    };
    change(
      `UPDATE journal SET entry = replace(entry, 'stockout', 'cookout') WHERE rolloutId = 'llm-to-h200-1' AND seq = 5`,
    );
    change(`DELETE FROM journal WHERE rolloutId = 'llm-to-h200-2' AND seq = 9`);
    const { code, lines } = await ran('replay', '--store', file, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(lines.join('\n'))).toMatchObject({
      replayMatches: false,
      rollouts: [
        { differsAt: { entry: 5, why: expect.stringContaining('was changed') as string } },
        { differsAt: { entry: 9, why: expect.stringContaining('is missing') as string } },
      ],
    });
    const told = await ran('replay', '--store', file, 'llm-to-h200-1');
    expect(told.code).toBe(1);
    expect(told.lines.find((line) => line.startsWith('✖'))).toMatch(/^✖ {4}5 /);
  });
});

test('an empty store says how to fill it', async () => {
  using folder = temporaryFolder({ 'x.db': '' });
  const { code, errors } = await ran('replay', '--store', folder.at('x.db'));
  expect({ code, lines: errors.length }).toEqual({ code: 1, lines: 1 });
  expect(errors[0]).toContain('  store-corrupt  ');
});
