/** A screen as SVG: text stays text, so that it can be read aloud, searched and scaled. */
import type { Cell, Screen, Style } from './screen.ts';

const WIDTH = 8.4;
const HEIGHT = 19;
const MARGIN = 18;
const GROUND = '#0d1117';
const INK = '#d1d7e0';
const FONT = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const round = (value: number): string => String(Math.round(value * 100) / 100);

interface Run {
  readonly column: number;
  readonly text: string;
  readonly style: Style;
}

const sameStyle = (a: Style, b: Style): boolean =>
  a.colour === b.colour && a.background === b.background && a.bold === b.bold && a.dim === b.dim;

/** Neighbouring cells of one style. */
const runsOf = (line: readonly Cell[]): readonly Run[] => {
  const runs: Run[] = [];
  line.forEach(({ text, style }, column) => {
    const last = runs.at(-1);
    if (last !== undefined && sameStyle(last.style, style))
      runs[runs.length - 1] = { ...last, text: last.text + text };
    else runs.push({ column, text, style });
  });
  return runs;
};

/** Blocks are drawn: fonts leave gaps between them. From which eighth to which, and how strong. */
const BLOCKS: Readonly<Record<string, readonly [eighths: number, opacity: number]>> = {
  '█': [8, 1],
  '▉': [7, 1],
  '▊': [6, 1],
  '▋': [5, 1],
  '▌': [4, 1],
  '▍': [3, 1],
  '▎': [2, 1],
  '▏': [1, 1],
  '▓': [8, 0.75],
  '▒': [8, 0.5],
  '░': [8, 0.25],
};

const rect = (x: number, y: number, width: number, fill: string): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${HEIGHT}" fill="${fill}"/>`;

/** Neighbouring full blocks of one strength are one rectangle: no seams. */
const drawBlocks = (text: string, x: number, y: number, fill: string): string =>
  Array.from(text.matchAll(/([█▓▒░])\1*|[▉▊▋▌▍▎▏]/gu), ({ 0: blocks, index }) => {
    const [eighths, opacity] = BLOCKS[blocks[0] ?? ''] ?? [8, 1];
    const width = blocks.length > 1 ? blocks.length * WIDTH : (WIDTH * eighths) / 8;
    const box = `x="${round(x + index * WIDTH)}" y="${round(y + 3)}" width="${round(width)}" height="${HEIGHT - 6}"`;
    return `<rect ${box} fill="${fill}"${opacity === 1 ? '' : ` opacity="${opacity}"`}/>`;
  }).join('');

const drawRun = ({ column, text, style }: Run, y: number): string => {
  const x = MARGIN + column * WIDTH;
  const fill = style.colour ?? INK;
  const behind = style.background === null ? '' : rect(x, y, text.length * WIDTH, style.background);
  const drawn = behind + drawBlocks(text, x, y, fill);
  const plain = text.replaceAll(/[█▓▒░▉▊▋▌▍▎▏]/gu, ' ');
  const visible = plain.trim();
  if (visible === '') return drawn;
  const lead = plain.length - plain.trimStart().length;
  const weight = style.bold ? ' font-weight="600"' : '';
  const opacity = style.dim ? ' opacity="0.65"' : '';
  const at = `x="${round(x + lead * WIDTH)}" y="${round(y + HEIGHT - 5)}" textLength="${round(visible.length * WIDTH)}"`;
  return `${drawn}<text ${at} fill="${fill}"${weight}${opacity}>${escape(visible)}</text>`;
};

const trimmed = (screen: Screen): Screen => {
  const lines = screen.map((line) => {
    let end = line.length;
    while (end > 0 && line[end - 1]?.text === ' ' && line[end - 1]?.style.background === null) end -= 1;
    return line.slice(0, end);
  });
  const isEmpty = (line: readonly Cell[] | undefined): boolean => line !== undefined && line.length === 0;
  let from = 0;
  let to = lines.length;
  while (from < to && isEmpty(lines[from])) from += 1;
  while (to > from && isEmpty(lines[to - 1])) to -= 1;
  return lines.slice(from, to);
};

/** @param title what a screen reader says. */
export const svgOf = (screen: Screen, title: string): string => {
  const lines = trimmed(screen);
  const columns = Math.max(20, ...lines.map((line) => line.length));
  const width = round(columns * WIDTH + 2 * MARGIN);
  const height = lines.length * HEIGHT + 2 * MARGIN;
  const drawn = lines.map((line, row) =>
    runsOf(line)
      .map((run) => drawRun(run, MARGIN + row * HEIGHT))
      .join(''),
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${GROUND}"/>`,
    `<g font-family="${FONT}" font-size="14" xml:space="preserve">`,
    ...drawn.filter((line) => line !== ''),
    '</g>',
    '</svg>',
  ].join('\n')}\n`;
};
