import { describe, expect, test } from 'vitest';
import { editRollout } from '../../../local/edit-rollout.ts';
import type { RolloutInput } from '../../../local/rollout-input.ts';
import { parseRolloutFile } from '../../../workflows/spec/parse-rollout-file.ts';

const TEXT = `# why this rollout
apiVersion: sluice.dev/v1
kind: Rollout
metadata: { name: a }
spec:
  type: node
  cluster: projects/acme/locations/us-central1/clusters/inference
  namespace: serving
  from: { pool: llm }
  to: { pool: llm-new, source: existing }
  retention: { retire: keep } # for now
`;

const rollout = (): RolloutInput => {
  const parsed = parseRolloutFile(TEXT, 'rollout.yaml');
  if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
  return { fileName: 'rollout.yaml', text: TEXT, spec: parsed.spec, manifests: [] };
};

describe('editing a rollout file', () => {
  test('no edit leaves the very same text', () => {
    const before = rollout();
    expect(editRollout(before, [])).toEqual({ kind: 'ok', value: before });
  });

  test('sets a field that is not there, and keeps the comments', () => {
    const edited = editRollout(rollout(), [
      { path: ['spec', 'alerts', 'policies'], value: [{ name: 'projects/acme/alertPolicies/1' }] },
    ]);
    expect(edited).toMatchObject({
      kind: 'ok',
      value: { spec: { alerts: { policies: [{ name: 'projects/acme/alertPolicies/1', blames: 'new' }] } } },
    });
    const text = edited.kind === 'ok' ? edited.value.text : '';
    expect(text).toContain('# why this rollout');
    expect(text).toContain('# for now');
  });

  test('a value that the format refuses is a problem with its place', () => {
    const edited = editRollout(rollout(), [{ path: ['spec', 'retention', 'retire'], value: 'maybe' }]);
    expect(edited).toMatchObject({ kind: 'problems', problems: [{ code: 'unknown-value', line: 11 }] });
  });
});
