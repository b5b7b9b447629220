/** docs/gates.md: every gate of this version, from the table that `explainGates` makes of the gates' own constants. */
import { explainGates, type GateText } from '../../workflows/steps/gates/explain-gates.ts';
import { GENERATED, markdownTable } from './markdown.ts';

const rows = (kind: GateText['kind']): readonly (readonly string[])[] =>
  explainGates()
    .filter((gate) => gate.kind === kind)
    .map((gate) => [`\`${gate.name}\``, gate.rule, gate.minimum, gate.action, gate.source, gate.why]);

const HEADS = ['gate', 'fails when', 'minimum', 'leads to', 'source', 'why'];

/** The whole page. */
export const gatesPage = (): string =>
  `${[
    '# Gates',
    GENERATED,
    'A gate is a question with three answers: pass, fail, inconclusive. Missing data is inconclusive, never a pass. Every verdict is stored in the journal with its window, samples, both sides’ values, the limit and one sentence.',
    'Tripwires can only fail: they act the moment they do, also while the rollout is held. Judges speak once, at the end of a bake, on everything the rung saw after its confirmation. A rung passes when all its judges pass. One that fails rolls back. One that stays inconclusive extends the bake, up to `pacing.extendFactor` times its length in all; after that the rollout is held for a person.',
    'Single gates are switched off, and the minimum samples of judges changed, under [`spec.gates.tune`](rollout-file.md). The words below, figures included, come from the code that decides.',
    '## Bursts',
    'Judged every few seconds while traffic is split or the gateway has not confirmed the weights, on the looks of the wake that is running.',
    markdownTable(HEADS, rows('burst')),
    '## Minute tripwires',
    'Judged once a minute on the committed evidence, the same that judges and a replay see.',
    markdownTable(HEADS, rows('tripwire')),
    '## Judges',
    'Judged at the end of a bake. Which of them speak on which rung is frozen in the plan.',
    markdownTable(HEADS, rows('judge')),
  ].join('\n\n')}\n`;
