/**
 * A picture of a real run: `npm run picture` runs the demo in a pseudo-terminal (util-linux' `script`), takes the
 * one in the middle of all screens that show a text, and writes docs/images/demo.svg.
 *
 *   node scripts/picture.ts [--at TEXT] [--rows N] [--from RECORDING] [--out FILE] [-- arguments of the demo]
 *
 * `--rows`: only the last so many lines. `--from`: the bytes that came to a terminal of 112 columns, instead of a run.
 * Exit code 1: no screen shows the text.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { screensOf, textOf } from './picture/screen.ts';
import { svgOf } from './picture/svg.ts';

const root = join(import.meta.dirname, '..');
const COLUMNS = 112;
const ROWS = 50;

const quoted = (argument: string): string => `'${argument.replaceAll("'", "'\\''")}'`;

const record = (demoArguments: readonly string[]): string => {
  const command = [process.execPath, join(root, 'cli/main.ts'), 'demo', ...demoArguments]
    .map(quoted)
    .join(' ');
  const inTerminal = `stty cols ${COLUMNS} rows ${ROWS}; ${command}`;
  return execFileSync('script', ['--quiet', '--return', '--command', inTerminal, '/dev/null'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: '1' },
  });
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    at: { type: 'string', default: '' },
    rows: { type: 'string', default: String(ROWS) },
    from: { type: 'string' },
    out: { type: 'string', default: join(root, 'docs/images/demo.svg') },
    title: { type: 'string', default: 'A rollout on the terminal' },
  },
});

const recording = values.from === undefined ? record(positionals) : readFileSync(values.from, 'utf8');
const screens = screensOf(recording, COLUMNS);
const shows = screens.filter((shown) => textOf(shown.slice(-Number(values.rows))).includes(values.at));
const screen = shows[Math.floor(shows.length / 2)];
if (screen === undefined) {
  console.error(`none of ${screens.length} screens shows ${JSON.stringify(values.at)}`);
  process.exitCode = 1;
} else {
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, svgOf(screen.slice(-Number(values.rows)), values.title));
  console.log(`wrote ${values.out}: one of ${screens.length} screens`);
}
