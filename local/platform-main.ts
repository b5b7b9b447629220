/**
 * Sluice's functions, bus and ticks as a process of their own; the world that they live in is named by the environment
 * (`SLUICE_*`). Says one line of JSON once it is ready, and ends with SIGINT or SIGTERM.
 */
import { parseArgs } from 'node:util';
import { formatInputProblem } from './input-problem.ts';
import { type Platform, startPlatform } from './platform.ts';
import { untilSignalled } from './platform-signals.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What whoever started the process must know. */
const readyLine = ({ apiUrl, busUrl, functionUrls, stateDir, storePath }: Platform): string =>
  JSON.stringify({ ready: true, pid: process.pid, apiUrl, busUrl, functionUrls, stateDir, storePath });

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      /** Folder of store, bus and log. */
      state: { type: 'string', default: '.sluice' },
      /** Of the API; 0: a free one. */
      port: { type: 'string', default: '8080' },
      /** The structured log goes to standard output instead of `log.jsonl` in the folder. */
      'log-to-stdout': { type: 'boolean', default: false },
    },
  });
  const started = await startPlatform({
    stateDir: values.state,
    port: Number(values.port),
    environment: process.env,
    ...(values['log-to-stdout'] ? { writeLog: say } : {}),
    onClockLost: () => {
      process.stderr.write('the world is gone, and its clock with it\n');
      process.exit(1);
    },
  });
  if (started.kind === 'problems') {
    for (const problem of started.problems) process.stderr.write(`${formatInputProblem(problem)}\n`);
    process.exitCode = 1;
    return;
  }
  say(readyLine(started.value));
  await untilSignalled(started.value);
  // Connections of client libraries may linger; nothing is waited for any more.
  process.exit(0);
};

await main();
