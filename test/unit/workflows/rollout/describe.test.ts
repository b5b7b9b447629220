import { expect, test } from 'vitest';
import { finding } from '../../../../workflows/plans/findings.ts';
import { initialContext } from '../../../../workflows/rollout/context.ts';
import { describe as sentenceOf } from '../../../../workflows/rollout/describe.ts';
import type { Outcome } from '../../../../workflows/rollout/messages.ts';

const say = (outcome: Outcome): string =>
  sentenceOf(
    { kind: 'outcome', messageId: 'a', effectId: 'a', outcome },
    {
      from: 'verifying',
      words: { state: 'verifying', step: 'verifying' },
      context: initialContext(undefined),
      refusal: null,
      verdicts: [],
    },
  );

test('what verifying found is in the sentence, warnings included', () => {
  const same = finding('adapter-same', 'Adapter b and a', 'They cannot be told apart on 4 of 4 pods.');
  expect(say({ kind: 'verified', pods: 4, checks: 72 })).toBe('verified 4 pods by 72 checks');
  expect(say({ kind: 'verified', pods: 4, checks: 72, findings: [same] })).toBe(
    'verified 4 pods by 72 checks; warning: Adapter b and a: They cannot be told apart on 4 of 4 pods',
  );
});
