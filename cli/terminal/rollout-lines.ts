/** Rollouts as `sluice get` shows them. */
import type { ListedRollout, RolloutView } from '../remote/rollout-view.ts';
import type { Paint, Palette } from './palette.ts';
import { clockText, percentText, spanText } from './words.ts';

const paintOf = (state: string, palette: Palette): Paint => {
  if (state === 'promoted') return palette.good;
  return ['rollingBack', 'rolledBack', 'failing', 'failed'].includes(state) ? palette.bad : (text) => text;
};

const dayText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 10)} ${clockText(ms)}`;

/** `cluster/namespace/pool`, and the adapter in it, without the cluster (whose name has six parts). */
const poolOf = (poolKey: string): string => poolKey.split('/').slice(6).join('/');

/** A table with a head; columns as wide as their widest cell. */
const table = (rows: readonly (readonly string[])[]): readonly (readonly string[])[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
};

export const listLines = (rollouts: readonly ListedRollout[], palette: Palette): readonly string[] => {
  const rows = rollouts.map(({ rolloutId, state, poolKey, createdAtMs, finishedAtMs }) => [
    rolloutId,
    state,
    poolOf(poolKey),
    dayText(createdAtMs),
    finishedAtMs === null ? '' : spanText(finishedAtMs - createdAtMs),
  ]);
  const [head = [], ...lines] = table([['NAME', 'STATE', 'POOL', 'STARTED (UTC)', 'TOOK'], ...rows]);
  return [
    palette.faint(head.join('   ').trimEnd()),
    ...lines.map(([name = '', state = '', ...rest]) =>
      [name, paintOf(state.trim(), palette)(state), ...rest].join('   ').trimEnd(),
    ),
  ];
};

const ladderText = ({ ladder, rung, finishedAtMs }: RolloutView): string =>
  ladder
    .map(({ sharePercent }, index) =>
      index === rung && finishedAtMs === null ? `[${percentText(sharePercent)}]` : percentText(sharePercent),
    )
    .join('  ');

/** Where one rollout is, in a few lines. */
export const rolloutLines = (view: RolloutView, palette: Palette): readonly string[] => {
  const { state, step, sharePercent: share, hold, ending } = view;
  const at = step === null || step === state || view.finishedAtMs !== null ? state : `${state} · ${step}`;
  const rung =
    view.rung >= 0 && view.finishedAtMs === null ? ` · rung ${view.rung + 1} of ${view.ladder.length}` : '';
  const line = (name: string, text: string): string => ` ${palette.faint(name.padEnd(8))} ${text}`;
  return [
    `${palette.strong(view.rolloutId)}   ${paintOf(state, palette)(at)}${rung}`,
    line('what', `${view.type} · ${view.namespace}/${view.from} → ${view.to} · ${view.cluster}`),
    line(
      'traffic',
      `asked ${percentText(share.asked, 1)} · written ${percentText(share.written, 1)} · programmed ${percentText(share.confirmed, 1)}`,
    ),
    ...(view.ladder.length === 0 ? [] : [line('ladder', ladderText(view))]),
    ...(hold === null
      ? []
      : [
          line('held', palette.warn(hold.sentence)),
          line('', `since ${clockText(hold.sinceMs)}, at the latest until ${dayText(hold.deadlineMs)}`),
        ]),
    ...(ending === null ? [] : [line('why', palette.bad(ending.sentence))]),
    line('started', dayText(view.createdAtMs)),
    ...(view.finishedAtMs === null
      ? []
      : [
          line(
            'ended',
            `${dayText(view.finishedAtMs)}, after ${spanText(view.finishedAtMs - view.createdAtMs)}`,
          ),
        ]),
    ...(view.nextAtMs === null || view.finishedAtMs !== null ? [] : [line('next', dayText(view.nextAtMs))]),
  ];
};
