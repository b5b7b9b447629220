/**
 * A picture of a real run: `npm run picture` runs the demo in a pseudo-terminal (util-linux' `script`), takes the last
 * screen that shows a text, and writes docs/images/demo.svg.
 *
 *   node scripts/picture.ts [--at TEXT] [--from RECORDING] [--out FILE] [-- arguments of the demo]
 *
 * `--from` takes a recording that is there already (the bytes that came to a terminal) instead of running anything.
 * Exit code 1: no screen shows the text.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { screensOf, textOf } from './picture/screen.ts';
import { svgOf } from './picture/svg.ts';

const root = join(import.meta.dirname, '..');
const COLUMNS = 100;

const quoted = (argument: string): string => `'${argument.replaceAll("'", "'\\''")}'`;

/** What a terminal of 100 columns would have been sent. */
const record = (demoArguments: readonly string[]): string => {
  const command = [process.execPath, join(root, 'cli/main.ts'), 'demo', ...demoArguments]
    .map(quoted)
    .join(' ');
  const inTerminal = `stty cols ${COLUMNS} rows 40; ${command}`;
  return execFileSync('script', ['--quiet', '--return', '--command', inTerminal, '/dev/null'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: '1', COLUMNS: String(COLUMNS) },
  });
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    at: { type: 'string' },
    from: { type: 'string' },
    out: { type: 'string' },
    title: { type: 'string' },
  },
});

const recording = values.from === undefined ? record(positionals) : readFileSync(values.from, 'utf8');
const screens = screensOf(recording);
const wanted = values.at ?? '';
const screen = screens.findLast((shown) => textOf(shown).includes(wanted));
if (screen === undefined) {
  console.error(`none of ${String(screens.length)} screens shows ${JSON.stringify(wanted)}`);
  process.exitCode = 1;
} else {
  const out = values.out ?? join(root, 'docs/images/demo.svg');
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, svgOf(screen, values.title ?? 'A rollout on the terminal'));
  console.log(`wrote ${out}: one of ${String(screens.length)} screens`);
}
