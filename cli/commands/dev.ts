import { existsSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { EXAMPLES, readDemo } from '../../local/demo-input.ts';
import { DEMO_BEFORE_MS, demoWorld } from '../../local/demo-world.ts';
import { lastTimeIn, type Platform, startPlatform } from '../../local/platform.ts';
import { untilSignalled } from '../../local/platform-signals.ts';
import { startWorldHost, type WorldHost } from '../../simulator/servers/world-host.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { DEFAULT_SERVER } from '../remote/api-client.ts';
import { type Context, tellProblems, withRead } from './context.ts';

export interface DevOptions {
  readonly state: string;
  readonly port: number;
  /** Folder of the stack that is served, and of a rollout file. */
  readonly dir?: string;
  /** Virtual per real time, at most. */
  readonly speed: number;
  readonly seed: number;
}

const REQUESTS_PER_SECOND = 150;

const ROLLOUT_FILE = 'rollout.yaml';

/** `sluice dev`: a simulated GKE and all of Sluice on this machine, until Ctrl-C. */
export const dev = (context: Context, options: DevOptions): Promise<ExitCode> => {
  const { io } = context;
  const dir = options.dir ?? join(EXAMPLES, 'node-update');
  const file = join(dir, ROLLOUT_FILE);
  const hasFile = existsSync(file);
  const input = readDemo({ stack: dir, ...(hasFile ? { file } : {}) });
  return withRead(input, { io, asJson: false }, async (demo) => {
    const world = demoWorld(demo, { seed: options.seed, requestsPerSecond: REQUESTS_PER_SECOND });
    // Nothing that is kept may lie in the world's future.
    const lastMs = lastTimeIn(options.state);
    const host = await startWorldHost({
      world: { ...world, ...(lastMs === null ? {} : { startMs: lastMs }) },
      speed: options.speed,
      beforeMs: DEMO_BEFORE_MS,
    });
    try {
      const started = await startPlatform({
        stateDir: options.state,
        port: options.port,
        environment: host.environment,
        clock: host.clock,
      });
      if (started.kind === 'problems') return tellProblems(io, started.problems, false);
      host.deliverIncidents(started.value.busUrl);
      await tellUp(context, { host, platform: started.value, file: hasFile ? file : null, options });
      const how = await untilSignalled(started.value, {
        onSignal: () => io.err('\nStopping; what is under way gets 10 s (Ctrl-C again ends at once).'),
      });
      io.err(
        how === 'clean'
          ? `Stopped. ${options.state} keeps everything: the next \`sluice dev\` goes on from there.`
          : `Stopped in the middle of something. ${options.state} keeps it: the next \`sluice dev\` goes on from there.`,
      );
      return EXIT.ok;
    } finally {
      await host.close();
    }
  });
};

interface Up {
  readonly host: WorldHost;
  readonly platform: Platform;
  readonly file: string | null;
  readonly options: DevOptions;
}

const unfinishedIn = async ({ apiUrl }: Platform): Promise<readonly string[]> => {
  const answer = await fetch(`${apiUrl}/v1/rollouts?unfinished=true&limit=200`);
  const { rollouts } = (await answer.json()) as { readonly rollouts: readonly { rolloutId: string }[] };
  return rollouts.map(({ rolloutId }) => rolloutId);
};

/** What runs where, and what to type next. */
const tellUp = async ({ io, palette }: Context, { host, platform, file, options }: Up): Promise<void> => {
  const kubeconfig = join(platform.stateDir, 'kubeconfig.yaml');
  // It holds a token of the simulated cluster, as kubeconfigs do.
  writeFileSync(kubeconfig, host.kubeconfig, { mode: 0o600 });
  const line = (name: string, text: string): void => io.out(` ${palette.faint(name.padEnd(10))} ${text}`);
  io.out(palette.strong(`sluice dev · a simulated GKE, up to ${options.speed} times as fast as the wall`));
  line('API', platform.apiUrl);
  line('cluster', `export KUBECONFIG=${kubeconfig}   then: kubectl get pods -A`);
  for (const { namespace, name, address } of host.gateways)
    line('gateway', `http://${address}   ${namespace}/${name}`);
  line('state', `${platform.stateDir}   store, messages, log.jsonl`);
  const unfinished = await unfinishedIn(platform);
  if (unfinished.length > 0)
    line(
      'before',
      palette.warn(`${unfinished.join(', ')} not finished, and the simulated world is a new one`),
    );
  const shown = file === null ? 'ROLLOUT.yaml' : relative(process.cwd(), resolve(file));
  const server = platform.apiUrl === DEFAULT_SERVER ? '' : ` --server ${platform.apiUrl}`;
  io.out('');
  io.out(`Next, in another terminal:   sluice start -f ${shown}${server}`);
  io.out(palette.faint('Ctrl-C stops it.'));
};
