import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PlantedProcess } from '../../simulation/mutants/planted-process.ts';

const ASK = { kind: 'golden' } as const;

describe('a process with a mutant planted', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'planted-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const running = (name: string, program: string): PlantedProcess => {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, program);
    return new PlantedProcess(null, file);
  };

  test.each([
    ['before it is asked', 'process.exit(3)', 'the process ended with 3 at "golden"'],
    [
      'while it works',
      "process.on('message', () => process.exit(4))",
      'the process ended with 4 at "golden"',
    ],
    [
      'by an error that nobody catches',
      "process.on('message', async () => { throw new Error('no'); })",
      'the process ended with 1 at "golden"',
    ],
    [
      'by a signal',
      "process.on('message', () => process.kill(process.pid, 'SIGKILL'))",
      'the process ended with SIGKILL at "golden"',
    ],
  ])('that dies %s is an error of the question, and of all that follow', async (name, program, message) => {
    const planted = running(name.replaceAll(' ', '-'), program);
    await expect(planted.ask(ASK)).rejects.toThrow(message);
    expect(planted.isAlive).toBe(false);
    await expect(planted.ask(ASK)).rejects.toThrow(message);
    await expect(planted.end()).rejects.toThrow('the process ended with');
  });

  test('that answers is asked again, and ends in peace', async () => {
    const planted = running(
      'answers',
      "process.on('message', () => process.send({ kind: 'golden', wrong: null }))",
    );
    expect(await planted.ask(ASK)).toEqual({ kind: 'golden', wrong: null });
    expect(await planted.ask(ASK)).toEqual({ kind: 'golden', wrong: null });
    expect(planted.isAlive).toBe(true);
    await planted.end();
    expect(planted.isAlive).toBe(false);
  });

  test('that is never done can be killed', async () => {
    const planted = running('hangs', "process.on('message', () => undefined)");
    const asked = planted.ask(ASK);
    planted.kill();
    await expect(asked).rejects.toThrow('the process ended with SIGKILL');
  });
});
