import { describe, expect, test } from 'vitest';
import { runCli } from '../../../cli/main.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { testIo } from '../../helpers/test-io.ts';

const VALID = `apiVersion: sluice.dev/v1
kind: Rollout
metadata: { name: llm-to-h200 }
spec:
  type: node
  cluster: projects/acme/locations/us-central1/clusters/inference
  namespace: serving
  from: { pool: llm }
  to: { pool: llm-new, source: existing }
  retention: { retire: keep }
`;

describe('sluice validate', () => {
  test('says of each file what it is', async () => {
    using folder = temporaryFolder({ 'a.yaml': VALID });
    const io = testIo();
    expect(await runCli(['validate', '-f', folder.at('a.yaml')], io)).toBe(0);
    expect(io.outLines).toEqual([
      `${folder.at('a.yaml')}  valid  node rollout llm-to-h200: serving/llm → llm-new`,
    ]);
    expect(io.errLines).toEqual([]);
  });

  test('names place, code, what and mend of every problem of every file', async () => {
    using folder = temporaryFolder({
      'a.yaml': VALID,
      'b.yaml': VALID.replace('retire: keep', 'retire: kept'),
    });
    const io = testIo();
    expect(
      await runCli(['validate', '-f', folder.at('b.yaml'), folder.at('a.yaml'), 'missing.yaml'], io),
    ).toBe(1);
    expect(io.outLines).toEqual([
      `${folder.at('b.yaml')}:10:24  unknown-value  spec.retention.retire is "kept", which is not known.  Write delete or keep or unload.`,
      `${folder.at('a.yaml')}  valid  node rollout llm-to-h200: serving/llm → llm-new`,
      'missing.yaml  file-missing  There is no rollout file here.  Check the path.',
    ]);
    expect(io.errLines).toEqual(['2 problems']);
  });

  test('says the same as JSON', async () => {
    using folder = temporaryFolder({ 'b.yaml': VALID.replace('pool: llm-new', 'pol: llm-new') });
    const io = testIo();
    expect(await runCli(['validate', '--json', '-f', folder.at('b.yaml')], io)).toBe(1);
    expect(JSON.parse(io.outLines.join('\n'))).toEqual({
      valid: false,
      files: [
        {
          file: folder.at('b.yaml'),
          valid: false,
          problems: [
            expect.objectContaining({ line: 9, column: 9, code: 'unknown-field', severity: 'error' }),
          ],
        },
      ],
    });
  });

  test('a folder is no rollout file', async () => {
    using folder = temporaryFolder();
    const io = testIo();
    expect(await runCli(['validate', '-f', folder.path], io)).toBe(1);
    expect(io.outLines).toEqual([
      `${folder.path}  file-is-folder  This is a folder, not a rollout file.  Name a file in it.`,
    ]);
  });
});

test('sluice schema prints a JSON Schema', async () => {
  const io = testIo();
  expect(await runCli(['schema'], io)).toBe(0);
  expect(JSON.parse(io.outLines.join('\n'))).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Rollout',
  });
});
