/**
 * As much of a terminal as a recorded run needs: text, colours, cursor movement and erasing (ECMA-48). Everything else
 * is skipped.
 */

export interface Style {
  /** #rrggbb; null: the terminal's own. */
  readonly colour: string | null;
  readonly background: string | null;
  readonly bold: boolean;
  readonly dim: boolean;
}

export interface Cell {
  readonly text: string;
  readonly style: Style;
}

export type Screen = readonly (readonly Cell[])[];

const PLAIN: Style = { colour: null, background: null, bold: false, dim: false };
const BLANK: Cell = { text: ' ', style: PLAIN };

/** The sixteen colours; light enough on the picture's dark ground. */
const SIXTEEN = [
  ['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'],
  ['#6e7681', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#f0f6fc'],
].flat();

const hex = (...parts: readonly number[]): string =>
  `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;

/** Of the 256: sixteen, a cube of 6 × 6 × 6, a ramp of greys. */
const indexed = (index: number): string => {
  if (index < 16) return SIXTEEN[index] ?? '#ffffff';
  if (index >= 232) return hex(...[0, 0, 0].map(() => 8 + (index - 232) * 10));
  const step = (value: number): number => (value === 0 ? 0 : 55 + value * 40);
  const cube = index - 16;
  return hex(step(Math.floor(cube / 36)), step(Math.floor(cube / 6) % 6), step(cube % 6));
};

/** `38;5;N` and `38;2;R;G;B`: the colour, and how many numbers it took. */
const extended = (rest: readonly number[]): readonly [colour: string | null, used: number] => {
  if (rest[0] === 5) return [indexed(rest[1] ?? 0), 2];
  if (rest[0] === 2) return [hex(rest[1] ?? 0, rest[2] ?? 0, rest[3] ?? 0), 4];
  return [null, 0];
};

/** Select Graphic Rendition. */
const restyle = (before: Style, codes: readonly number[]): Style => {
  let style = before;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) style = PLAIN;
    else if (code === 1) style = { ...style, bold: true };
    else if (code === 2) style = { ...style, dim: true };
    else if (code === 22) style = { ...style, bold: false, dim: false };
    else if (code === 39) style = { ...style, colour: null };
    else if (code === 49) style = { ...style, background: null };
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(index + 1));
      style = code === 38 ? { ...style, colour } : { ...style, background: colour };
      index += used;
    } else if (code >= 30 && code <= 37) style = { ...style, colour: SIXTEEN[code - 30] ?? null };
    else if (code >= 90 && code <= 97) style = { ...style, colour: SIXTEEN[code - 82] ?? null };
    else if (code >= 40 && code <= 47) style = { ...style, background: SIXTEEN[code - 40] ?? null };
  }
  return style;
};

interface Terminal {
  readonly lines: Cell[][];
  readonly columns: number;
  row: number;
  column: number;
  style: Style;
}

const lineOf = (terminal: Terminal): Cell[] => {
  while (terminal.lines.length <= terminal.row) terminal.lines.push([]);
  return terminal.lines[terminal.row] ?? [];
};

const put = (terminal: Terminal, text: string): void => {
  if (terminal.column >= terminal.columns) [terminal.row, terminal.column] = [terminal.row + 1, 0];
  const line = lineOf(terminal);
  while (line.length < terminal.column) line.push(BLANK);
  line[terminal.column] = { text, style: terminal.style };
  terminal.column += 1;
};

const control = (terminal: Terminal, final: string, codes: readonly number[]): void => {
  const count = Math.max(1, codes[0] ?? 1);
  const line = lineOf(terminal);
  if (final === 'm') terminal.style = restyle(terminal.style, codes.length === 0 ? [0] : codes);
  else if (final === 'A') terminal.row = Math.max(0, terminal.row - count);
  else if (final === 'B') terminal.row += count;
  else if (final === 'C') terminal.column += count;
  else if (final === 'D') terminal.column = Math.max(0, terminal.column - count);
  else if (final === 'E') [terminal.row, terminal.column] = [terminal.row + count, 0];
  else if (final === 'F') [terminal.row, terminal.column] = [Math.max(0, terminal.row - count), 0];
  else if (final === 'G') terminal.column = count - 1;
  else if (final === 'H') [terminal.row, terminal.column] = [count - 1, Math.max(1, codes[1] ?? 1) - 1];
  else if (final === 'K') line.splice((codes[0] ?? 0) === 0 ? terminal.column : 0);
  else if (final === 'J') {
    if ((codes[0] ?? 0) !== 0) terminal.lines.splice(0);
    else {
      line.splice(terminal.column);
      terminal.lines.splice(terminal.row + 1);
    }
  }
};

/** A control sequence, an operating system command, another escape, a line end, or one visible character. */
// oxlint-disable-next-line no-control-regex
const TOKEN = /\x1b\[([?<=>]?)([\d;]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|\r|\n|\P{Cc}/gu;

/** Back to a line that is there already. */
const REDRAWS = new Set(['A', 'F', 'H']);

const copyOf = (terminal: Terminal): Screen => terminal.lines.map((line) => [...line]);

/** The screens that a run showed, with all that scrolled away: one before each redraw, and the last. */
export const screensOf = (recording: string, columns = 100): readonly Screen[] => {
  const terminal: Terminal = { lines: [], columns, row: 0, column: 0, style: PLAIN };
  const screens: Screen[] = [];
  let isFresh = false;
  for (const [token, mark, codes, final] of recording.matchAll(TOKEN)) {
    if (final !== undefined) {
      if (mark !== '') continue;
      if (REDRAWS.has(final) && isFresh) screens.push(copyOf(terminal));
      if (REDRAWS.has(final)) isFresh = false;
      control(terminal, final, codes === '' || codes === undefined ? [] : codes.split(';').map(Number));
    } else if (token === '\r') terminal.column = 0;
    else if (token === '\n') [terminal.row, terminal.column] = [terminal.row + 1, 0];
    else if (!token.startsWith('\x1b')) {
      put(terminal, token);
      isFresh = true;
    }
  }
  return [...screens, copyOf(terminal)];
};

export const textOf = (screen: Screen): string =>
  screen.map((line) => line.map(({ text }) => text).join('')).join('\n');
