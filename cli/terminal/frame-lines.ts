/** A frame of the demo as lines of a terminal, in the manner of `sluice watch`. */
import type { DemoFrame, SideFrame } from '../../local/demo-frame.ts';
import { formatDuration } from '../../workflows/time.ts';
import { barText } from './bar.ts';
import type { Palette } from './palette.ts';
import { clockText, countText, percentText, ratioText, spanText } from './words.ts';

const LABEL = 10;
const COLUMN = 22;

const label = (text: string): string => ` ${text}`.padEnd(LABEL);

/** Widest bar that leaves room for what is written behind it. */
const barWidth = (columns: number): number => Math.max(10, Math.min(40, columns - 80));

/** All lines of the picture; always as many, so that it does not jump. */
export const frameLines = (frame: DemoFrame, palette: Palette, columns: number): readonly string[] => [
  '',
  headerLine(frame, palette),
  ladderLine(frame, palette),
  trafficLine(frame, palette, columns),
  clocksLine(frame, palette),
  progressLine(frame, palette, columns),
  '',
  ...sidesLines(frame, palette),
  requestsLine(frame, palette),
  attentionLine(frame, palette),
];

const headerLine = (frame: DemoFrame, { strong, faint }: Palette): string => {
  const { rung, ladder } = frame;
  const where = rung < 0 || ladder.length === 0 ? '' : ` · rung ${rung + 1} of ${ladder.length}`;
  const step = frame.step === frame.state ? '' : ` · ${frame.step}`;
  return `${strong(frame.rolloutId)}   ${stateText(frame)}${step}${where}   ${faint(
    `${clockText(frame.nowMs)} · ${spanText(frame.nowMs - frame.startedAtMs)} since ${frame.starter} started it`,
  )}`;
};

const stateText = ({ state, hold }: DemoFrame): string => (hold === null ? state : `${state}, held`);

const ladderLine = (frame: DemoFrame, { faint, strong, fresh }: Palette): string => {
  const { ladder, rung, askedPercent } = frame;
  const rungs = ladder.map(({ sharePercent, approval }, index) => {
    const text = `${sharePercent}%${approval ? '*' : ''}`;
    if (index === rung) return strong(`[${text}]`);
    return index < rung || askedPercent >= sharePercent ? fresh(` ${text} `) : faint(` ${text} `);
  });
  return `${label('ladder')}${rung < 0 ? strong('[0%]') : fresh(' 0% ')}  ${rungs.join('  ')}${
    ladder.some(({ approval }) => approval) ? faint('   * somebody is asked first') : ''
  }`;
};

const trafficLine = (frame: DemoFrame, { fresh, faint }: Palette, columns: number): string => {
  const { askedPercent, programmedPercent, measuredPercent } = frame;
  const bar = barText((programmedPercent ?? 0) / 100, barWidth(columns));
  const figures = `asked ${percentText(askedPercent)} · programmed ${percentText(programmedPercent, 1)} · measured ${percentText(measuredPercent, 1)}`;
  return `${label('traffic')}${fresh(bar)}  ${figures}${faint(' on the new side')}`;
};

const clocksLine = ({ clocks }: DemoFrame, { faint }: Palette): string => {
  if (clocks === null) return label('');
  const since = (ms: number | null): string =>
    ms === null ? '…' : `${clockText(ms)} (+${spanText(ms - clocks.writtenMs)})`;
  return `${label('')}${faint(
    `written ${clockText(clocks.writtenMs)} · programmed ${since(clocks.programmedMs)} · measured ${since(clocks.measuredMs)}`,
  )}`;
};

const progressLine = (frame: DemoFrame, { good, faint }: Palette, columns: number): string => {
  const { progress, sides } = frame;
  if (progress === null) return label('bake');
  const bar = barText(progress.doneMs / progress.ofMs, barWidth(columns));
  const extended = progress.extensions > 0 ? `, extended ${progress.extensions}×` : '';
  const samples = progress.label === 'retention' ? '' : ` · ${countText(sides[1].samples)} samples`;
  const about = progress.label === 'retention' ? faint(' the old side is kept ready') : '';
  return `${label(progress.label)}${good(bar)}  ${spanText(progress.doneMs)} of ${formatDuration(progress.ofMs)}${extended}${samples}${about}`;
};

const sidesLines = (frame: DemoFrame, palette: Palette): readonly string[] => {
  const [old, fresh] = frame.sides;
  const { errorRatio, ttft } = frame.limits;
  const row = (name: string, text: (side: SideFrame) => string, note = ''): string =>
    `${label(name)}${text(old).padEnd(COLUMN)}${text(fresh).padEnd(COLUMN)}${palette.faint(note)}`.trimEnd();
  return [
    row('', (side) => `${side === old ? 'old' : 'new'} ${side.name}`.slice(0, COLUMN - 1)),
    row('ready', (side) => `${side.ready}/${side.pods}${pickerText(side)}`),
    row('load', (side) => (side.load === null ? '—' : `${side.load.toFixed(1)} per pod`)),
    row('errors', (side) => ratioText(side.errorRatio), `limit ${ratioText(errorRatio)}`),
    ttft === null
      ? row('ttft', () => '—', 'not judged')
      : row(
          `ttft>${formatDuration(ttft.overMs)}`,
          (side) => ratioText(side.slowRatio),
          `limit ${ratioText(ttft.atMost)}`,
        ),
  ];
};

const pickerText = ({ pods, pickerUp }: SideFrame): string =>
  pods === 0 ? '' : pickerUp ? ' · picker up' : ' · no picker';

const requestsLine = ({ requests }: DemoFrame, { good, bad }: Palette): string => {
  const paint = requests.failed === 0 ? good : bad;
  return `${label('requests')}${countText(requests.total)} sent · ${paint(`${countText(requests.failed)} failed`)}`;
};

const attentionLine = ({ hold, ending, state }: DemoFrame, { warn, bad }: Palette): string => {
  if (hold !== null) return `${label('held')}${warn(hold.sentence)}`;
  return ending !== null && (state === 'rollingBack' || state === 'failing')
    ? `${label('because')}${bad(ending.sentence)}`
    : '';
};

const STATUS_BAR = 16;

/** The same in one line, for outputs that are not redrawn. */
export const statusLine = (frame: DemoFrame): string => {
  const [old, fresh] = frame.sides;
  const side = (one: SideFrame): string =>
    `${one.ready}/${one.pods}, ${one.load === null ? '—' : one.load.toFixed(0)} per pod, ${ratioText(one.errorRatio)} errors`;
  const progress =
    frame.progress === null
      ? ''
      : ` · ${frame.progress.label} ${spanText(frame.progress.doneMs)} of ${formatDuration(frame.progress.ofMs)}`;
  const bar = barText((frame.programmedPercent ?? 0) / 100, STATUS_BAR);
  const shares = `asked ${percentText(frame.askedPercent)}, programmed ${percentText(frame.programmedPercent, 1)}, measured ${percentText(frame.measuredPercent, 1)}`;
  return `${clockText(frame.nowMs)}  ${bar} ${shares}${progress} · old ${side(old)} · new ${side(fresh)}`;
};
