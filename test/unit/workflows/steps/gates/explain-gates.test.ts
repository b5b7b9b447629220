import { expect, test } from 'vitest';
import { explainGates } from '../../../../../workflows/steps/gates/explain-gates.ts';

test('every gate of this version is explained, with the limits that the code uses', () => {
  expect(explainGates().map((gate) => `${gate.kind} ${gate.name} → ${gate.action}`)).toEqual([
    'burst errors.fast → rollback',
    'burst unanswered → rollback',
    'burst split → rollback',
    'burst adapter.notFound → rollback',
    'tripwire errors.fast → rollback',
    'tripwire ready → rollback',
    'tripwire queue → rollback',
    'tripwire split → hold',
    'tripwire adapter.notFound → rollback',
    'tripwire adapterSlots → hold',
    'judge errors → rollback',
    'judge ttft.slo → rollback',
    'judge adapter.errors → rollback',
    'judge adapter.duration → rollback',
  ]);
  expect(explainGates()[0]).toMatchObject({
    rule: "over the last 15 s at least 20 % of the new side's requests failed, at 3 times the old side's rate, with failures in the newest interval; at 2 looks running",
    minimum: '10 failures',
  });
  for (const gate of explainGates())
    for (const text of [gate.source, gate.rule, gate.minimum, gate.why])
      expect(text).not.toMatch(/NaN|undefined|^$/);
});
