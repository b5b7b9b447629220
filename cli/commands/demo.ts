import type { DemoFrame } from '../../local/demo-frame.ts';
import { type DemoInput, readDemo } from '../../local/demo-input.ts';
import type { DemoRun } from '../../local/demo-result.ts';
import { sidesOfSpec } from '../../local/demo-sides.ts';
import { keepRecord, lastNumberIn } from '../../local/demo-store.ts';
import type { DemoEnd, DemoSettings, DemoWatcher } from '../../local/demo-watch.ts';
import { runVirtualDemo } from '../../local/run-virtual-demo.ts';
import { SCENARIOS } from '../../local/scenarios.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { entryLine, isTelling } from '../terminal/entry-line.ts';
import { frameLines, statusLine } from '../terminal/frame-lines.ts';
import { createLiveView, type LiveView } from '../terminal/live-view.ts';
import { createPacer } from '../terminal/pacing.ts';
import { summaryLines } from '../terminal/summary-lines.ts';
import { type Context, tellProblems, withRead } from './context.ts';
import { DEMO_REQUESTS_PER_SECOND, type DemoCall, type DemoOptions } from './demo-call.ts';

/** Between two lines of status where nothing is redrawn. */
const STATUS_EVERY_MS = 4_000;
const STATUS_EVERY_VIRTUAL_MS = 15 * 60_000;

/** 0 where the scenario ended as it is meant to; else what the outcome says. */
export const demoExit = ({ result, endedAsMeant }: DemoRun): ExitCode => {
  if (endedAsMeant) return EXIT.ok;
  return result.outcome === 'rolledBack' ? EXIT.rolledBack : EXIT.failed;
};

/** `sluice demo`: a whole rollout over a simulated GKE, over real protocols or in virtual time. */
export const demo = (context: Context, options: DemoOptions): Promise<ExitCode> => {
  const { io } = context;
  const { scenario, stack, file } = options;
  return withRead(readDemo({ scenario, stack, file }), { io, asJson: false }, async (input) => {
    const startedMs = io.now();
    const view = options.json === true ? null : createLiveView(io);
    const watcher = view === null ? {} : watcherOf(context, input, options, view);
    const tell = async (end: DemoEnd): Promise<ExitCode> => {
      view?.done();
      return tellEnd(context, { end, input, options, wallMs: io.now() - startedMs });
    };
    const settings = await settingsOf(input, options);
    if ('problems' in settings) return tellProblems(io, settings.problems, false);
    const call = { input, options, settings, watcher, tell };
    if (isVirtual(options)) return runInVirtualTime(context, call);
    // Servers and client libraries: a run without them does not wait for them.
    const { demoLive } = await import('./demo-live.ts');
    return demoLive(context, { ...call, view });
  });
};

/** Nobody needs `--fast` over real servers: they have a pace of their own. */
const isVirtual = ({ fast, virtual }: DemoOptions): boolean => fast === true || virtual === true;

const runInVirtualTime = async (
  { io }: Context,
  { input, options, settings, watcher, tell }: DemoCall,
): Promise<ExitCode> => {
  const end = await runVirtualDemo(input, settings, watcher);
  if (end.kind === 'ran' && options.store !== undefined) {
    const kept = await keepRecord(options.store, end.run.record);
    if (kept.kind === 'problems') return tellProblems(io, kept.problems, false);
  }
  return tell(end);
};

const settingsOf = async (
  { rollout }: DemoInput,
  { seed, store }: DemoOptions,
): Promise<DemoSettings | { readonly problems: Parameters<typeof tellProblems>[1] }> => {
  const settings = { seed, requestsPerSecond: DEMO_REQUESTS_PER_SECOND };
  if (store === undefined) return settings;
  const { name } = rollout.spec;
  const last = await lastNumberIn(store, name);
  return last.kind === 'problems' ? last : { ...settings, lastNumbers: { [name]: last.value } };
};

const watcherOf = (
  { io, palette }: Context,
  { scenario, rollout, stack }: DemoInput,
  options: DemoOptions,
  view: LiveView,
): DemoWatcher => {
  const fast = options.fast === true;
  // Over real servers the world has its own pace.
  const pace = fast || !isVirtual(options) ? null : createPacer(io);
  let toldMs = Number.NEGATIVE_INFINITY;
  /** Where nothing is redrawn a line now and then stands for the picture. */
  const tellStatus = (frame: DemoFrame): void => {
    const [nowMs, everyMs] = fast ? [frame.nowMs, STATUS_EVERY_VIRTUAL_MS] : [io.now(), STATUS_EVERY_MS];
    if (nowMs - toldMs < everyMs || frame.rung < 0) return;
    toldMs = nowMs;
    view.line(palette.faint(statusLine(frame)));
  };
  return {
    onStart: (accepted) => {
      view.line(`${palette.strong(`sluice demo · ${scenario.name}`)}   ${scenario.about}`);
      const { cluster, old, new: fresh } = sidesOfSpec(rollout.spec);
      view.line(
        palette.faint(
          `A simulated GKE with the ${stack.length} objects of the stack; ${old} → ${fresh} on ${cluster}; ${DEMO_REQUESTS_PER_SECOND} requests a second, seed ${options.seed}. Times are virtual.`,
        ),
      );
      if (accepted.length > 0)
        view.line(palette.warn(`Accepted for the demo: ${accepted.join(', ')} (sluice plan explains them).`));
      view.line('');
    },
    onEntry: (entry) => {
      if (isTelling(entry)) view.line(entryLine(entry, palette));
    },
    onFrame: async (frame) => {
      if (view.redraws && !fast) view.draw(frameLines(frame, palette, io.columns));
      else tellStatus(frame);
      return pace === null ? STATUS_EVERY_VIRTUAL_MS / 2 : pace(frame);
    },
  };
};

interface Ended {
  readonly end: DemoEnd;
  readonly input: DemoInput;
  readonly options: DemoOptions;
  readonly wallMs: number;
}

const tellEnd = ({ io, palette }: Context, { end, input, options, wallMs }: Ended): ExitCode => {
  if (end.kind === 'refused') return tellProblems(io, end.problems, false);
  if (end.kind === 'interrupted') {
    io.err('Interrupted: the demo and its world are gone.');
    return EXIT.usage;
  }
  const { run } = end;
  const { scenario } = input;
  const store = options.store ?? null;
  if (options.json === true) io.out(JSON.stringify(run.result));
  else
    for (const line of summaryLines({ run, scenario, scenarios: SCENARIOS, wallMs, store, palette }))
      io.out(line);
  return demoExit(run);
};
