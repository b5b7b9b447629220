import type { DemoEnd } from '../../local/demo-watch.ts';
import { type LiveWorld, runLiveDemo } from '../../local/run-live-demo.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { LiveView } from '../terminal/live-view.ts';
import type { Context } from './context.ts';
import type { DemoCall } from './demo-call.ts';

/** Virtual per real time, at most. */
const SPEED = 60;

/** The demo over the world's servers, with Sluice in a process of its own. Ctrl-C ends it, and everything of it. */
export const demoLive = async (
  context: Context,
  { input, options, settings, watcher, view, tell }: DemoCall & { readonly view: LiveView | null },
): Promise<ExitCode> => {
  const { io } = context;
  const interrupting = new AbortController();
  const interrupt = (): void => interrupting.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  let code: ExitCode = EXIT.usage;
  let lines: readonly string[] = [];
  const onEnd = async (end: DemoEnd): Promise<void> => {
    code = await tell(end);
    if (options.keep !== true || interrupting.signal.aborted) return;
    for (const line of ['', 'The world is still up; Ctrl-C ends it.', ...lines]) io.err(line);
    await new Promise<void>((resolve) => interrupting.signal.addEventListener('abort', () => resolve()));
  };
  try {
    await runLiveDemo(
      input,
      {
        ...settings,
        speed: SPEED,
        storePath: options.store ?? null,
        interrupted: interrupting.signal,
        onUp: (world) => {
          lines = worldLines(world);
          for (const line of lines) view?.line(context.palette.faint(line));
        },
        onEnd,
      },
      watcher,
    );
    return code;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
};

/** How to look into the running world with one's own tools. */
const worldLines = ({ host, platform, kubeconfigPath }: LiveWorld): readonly string[] => [
  `  kubectl --kubeconfig ${kubeconfigPath} get httproutes,inferencepools,pods -A`,
  ...host.gateways
    .slice(0, 1)
    .map(({ address }) => `  gateway http://${address}   Sluice's API ${platform.apiUrl}/v1/rollouts`),
];
