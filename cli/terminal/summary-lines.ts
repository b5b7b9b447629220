/** What happened, and what to try next. */
import type { DemoRun } from '../../local/demo-result.ts';
import { sidesOfSpec } from '../../local/demo-sides.ts';
import type { Scenario } from '../../local/scenarios.ts';
import type { AdapterSpec } from '../../workflows/spec/rollout-spec.ts';
import { titleOf } from '../../workflows/steps/carrier.ts';
import type { Palette } from './palette.ts';
import { clockText, counted, countText, kindsText, percentText, spanText } from './words.ts';

const OUTCOMES: Readonly<Record<string, string>> = {
  promoted: 'PROMOTED',
  rolledBack: 'ROLLED BACK',
  failed: 'FAILED',
};

const label = (text: string): string => ` ${text.padEnd(10)}`;

export interface SummaryCall {
  readonly run: DemoRun;
  readonly scenarios: readonly Scenario[];
  readonly scenario: Scenario;
  readonly wallMs: number;
  /** Where the record was written; null: nowhere. */
  readonly store: string | null;
  readonly palette: Palette;
}

export const summaryLines = (call: SummaryCall): readonly string[] => [
  '',
  headline(call),
  `${label('why')}${whyText(call.run)}`,
  ...findingLines(call),
  ...shareLines(call),
  ...figureLines(call),
  ...objectLines(call),
  ...journalLines(call),
  ...nextLines(call),
];

const headline = ({ run, palette, wallMs }: SummaryCall): string => {
  const { outcome } = run.result;
  const paint = outcome === 'promoted' ? palette.good : palette.bad;
  const sides = sidesOfSpec(run.rollout.spec);
  const where = `all traffic${sides.asked === null ? '' : ` for ${sides.asked}`} is on ${outcome === 'promoted' ? sides.new : sides.old}`;
  const took = `${spanText(run.endedAtMs - run.startedAtMs)} of virtual time in ${spanText(wallMs)}`;
  return `${palette.strong(paint(OUTCOMES[outcome] ?? outcome))}   ${run.result.rolloutId}: ${where}   ${palette.faint(took)}`;
};

const whyText = ({ ending, result }: DemoRun): string =>
  ending?.sentence ??
  (result.outcome === 'promoted' ? 'every gate of every rung passed' : 'no reason was kept');

const findingLines = ({ run, palette }: SummaryCall): readonly string[] => {
  if (run.result.outcome !== 'failed') return [];
  return run.findings
    .filter(({ severity }) => severity !== 'I')
    .flatMap((one) => [
      `${label('')}${palette.bad(one.code)}  ${one.object}: ${one.what}`,
      `${label('')}${palette.faint(`mend: ${one.mend}`)}`,
    ]);
};

const shareLines = ({ run, palette }: SummaryCall): readonly string[] => {
  if (run.shares.length === 0) return [`${label('shares')}no traffic was moved`];
  const rows = run.shares.map(({ sharePercent, writtenMs, programmedMs, measuredMs }) => {
    const since = (ms: number | null): string =>
      (ms === null ? '—' : `${clockText(ms)} +${spanText(ms - writtenMs)}`).padEnd(16);
    return `${percentText(sharePercent).padStart(6)}   ${clockText(writtenMs)}   ${since(programmedMs)}${since(measuredMs)}`;
  });
  const head = palette.faint(' share   written    programmed      measured');
  return [head, ...rows].map((row, index) => `${label(index === 0 ? 'shares' : '')}${row.trimEnd()}`);
};

const figureLines = ({ run, palette }: SummaryCall): readonly string[] => {
  const { requests, alertToWrittenMs, requestsPerServer } = run.result;
  const failed = `${countText(requests.failed)} failed`;
  const paint = requests.failed === 0 ? palette.good : palette.bad;
  const lines = [`${label('requests')}${countText(requests.total)} sent, ${paint(failed)}`];
  lines.push(...sampleLines(run));
  if (requestsPerServer !== null)
    lines.push(
      `${label('servers')}${Object.entries(requestsPerServer)
        .map(([server, count]) => `${server} ${countText(count)}`)
        .join(', ')} requests answered`,
    );
  if (alertToWrittenMs !== null)
    lines.push(
      `${label('alert')}${(alertToWrittenMs / 1000).toFixed(1)} s from the incident to the weights written back`,
    );
  return lines;
};

/** What the new side's gates judged by, rung by rung. */
const sampleLines = ({ result, rollout }: DemoRun): readonly string[] => {
  const { samplesPerRung, samplesPerGate } = result;
  if (samplesPerRung.length === 0) return [];
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(14)}${cells.map((cell) => cell.padStart(10)).join('')}`;
  const rungs = samplesPerRung.map((_, index) => percentText(rollout.spec.ladder[index]?.sharePercent ?? 0));
  const gates = Object.entries(samplesPerGate).map(([gate, samples]) =>
    row(
      gate,
      rungs.map((_, index) => {
        const count = samples[index];
        return count === undefined || count === null ? '—' : countText(count);
      }),
    ),
  );
  const all = row('requests', samplesPerRung.map(countText));
  return [row('', rungs), all, ...gates].map(
    (line, index) => `${label(index === 0 ? 'samples' : '')}${line.trimEnd()}`,
  );
};

const objectLines = ({ run }: SummaryCall): readonly string[] => {
  const { created, removed, remaining, nodePool, leftovers, result } = run;
  const lines: string[] = [];
  const pool = nodePool === null ? '' : `, node pool ${nodePool.name}`;
  if (created.length > 0)
    lines.push(`${label('created')}${counted(created.length, 'object')}${pool}: ${kindsText(created)}`);
  if (removed.length > 0)
    lines.push(
      `${label('removed')}${counted(removed.length, 'object')} of the old side: ${kindsText(removed)}`,
    );
  if (result.outcome === 'promoted' && run.rollout.spec.adapter !== null) {
    lines.push(...aliasLines(run, run.rollout.spec.adapter));
    return lines;
  }
  if (result.outcome === 'promoted') {
    lines.push(
      `${label('left')}the new side${nodePool === null ? '' : ', its node pool'}, and what the plan did not list for removal`,
    );
    return lines;
  }
  const kept = leftovers.map(
    (one) =>
      `${one.kind === 'nodePool' ? 'node pool' : 'old side'} ${one.name} (${one.reason}${one.dueAtMs === null ? '' : `; deleted ${spanText(one.dueAtMs - run.endedAtMs)} from now`})`,
  );
  const left = [...remaining, ...kept];
  lines.push(
    `${label('left')}${left.length === 0 ? 'nothing of what was created; the old side is as it was' : left.join('; ')}`,
  );
  for (const one of leftovers) lines.push(`${label('')}sooner: ${one.byHand}`);
  return lines;
};

/** What a promoted adapter leaves, and why it must stay. */
const aliasLines = ({ plan, rollout }: DemoRun, { alias, from, to }: AdapterSpec): readonly string[] => {
  const carriers = (plan?.routes ?? []).map(titleOf);
  const old = rollout.spec.retention.retire === 'unload' ? `${from} is unloaded` : `${from} stays loaded`;
  return [
    `${label('left')}${carriers.join(', ')}: it is the alias now, clients ask for ${alias} and get ${to.name}; ${old}`,
    `${label('')}delete it and they get what the model servers call ${alias}, or a 404`,
  ];
};

const journalLines = ({ run, palette }: SummaryCall): readonly string[] => {
  const entries = counted(run.result.journalEntries, 'entry', 'entries');
  return [
    `${label('journal')}${entries}; ${
      run.replay.kind === 'matches'
        ? palette.good('a replay of them ends in the stored state')
        : palette.bad(`a replay differs at entry ${run.replay.seq}: ${run.replay.why}`)
    }`,
  ];
};

const nextLines = ({ run, scenario, scenarios, store }: SummaryCall): readonly string[] => {
  const lines: string[] = [];
  if (run.endedAsMeant && scenario.endsAs !== 'promoted')
    lines.push(`${label('so')}this scenario is meant to end like this: exit code 0`);
  if (!run.endedAsMeant) lines.push(`${label('so')}this scenario is meant to end ${scenario.endsAs}`);
  const others = scenarios.filter((one) => one !== scenario);
  lines.push(`${label('try next')}npm run demo -- --scenario ${others.map(({ name }) => name).join(' | ')}`);
  lines.push(
    store === null
      ? `${label('')}npm run demo -- --fast --store demo.db && npm run sluice -- replay --store demo.db`
      : `${label('')}npm run sluice -- replay --store ${store} ${run.result.rolloutId}`,
  );
  return lines;
};
