import type { MetricSample, ModelServersPort, ScrapeResult } from '../../workflows/ports.ts';
import type { AnswerFaultDice } from './answer-fault-dice.ts';
import type { Handled, Handlers } from './handlers.ts';
import { resetCounters, type Server } from './server.ts';
import { SERVER_FAMILIES } from './server-metrics.ts';
import type { World } from './world.ts';

type Scrape = Parameters<ModelServersPort['scrape']>[0];
type Answered = Extract<ScrapeResult, { readonly kind: 'answered' }>;

const HISTOGRAM = /_(?:bucket|count|sum)$/;

const only = (samples: readonly MetricSample[], families: readonly string[]): readonly MetricSample[] =>
  samples.filter(({ name }) => families.includes(name) || families.includes(name.replace(HISTOGRAM, '')));

/** Scrapes of servers whose page now and then stands still: for everybody who asks, whatever part of it. */
function standingStill(
  inner: Handlers<ModelServersPort>,
  dice: AnswerFaultDice,
  world: Pick<World, 'server'>,
): Handlers<ModelServersPort>['scrape'] {
  // What each process showed last: gone with it.
  let pages = new WeakMap<Server, readonly MetricSample[]>();
  const shown = (call: Scrape, pod: string, result: Answered): Answered => {
    const server = world.server(call.cluster, call.namespace, pod);
    if (server === null || result.status !== 200) return result;
    const before = pages.get(server);
    const stale = dice.falls('scrapeStale') ? before : undefined;
    if (stale !== undefined) dice.happened('scrapeStale', pod);
    const page = stale ?? result.samples;
    pages.set(server, page);
    return { ...result, samples: only(page, call.families) };
  };
  return (call) => {
    if ((dice.faults?.scrapeStale ?? 0) === 0) {
      pages = new WeakMap();
      return inner.scrape(call);
    }
    const { value, tookMs } = inner.scrape({ ...call, families: SERVER_FAMILIES });
    const results = value.map((result, index) =>
      result.kind === 'answered' ? shown(call, call.targets[index]?.pod ?? '', result) : result,
    );
    return { value: results, tookMs };
  };
}

/** Model servers whose figures are missing, old, doubled, or begin anew. */
export function modelsFaults(
  inner: Handlers<ModelServersPort>,
  dice: AnswerFaultDice,
  world: Pick<World, 'server' | 'settle'>,
): Handlers<ModelServersPort> {
  const ask = standingStill(inner, dice, world);
  const distorted = (call: Scrape, pod: string, result: ScrapeResult): ScrapeResult => {
    if (result.kind !== 'answered') return result;
    if (dice.falls('scrapeMissing')) {
      dice.happened('scrapeMissing', pod);
      return { kind: 'unanswered', why: `no answer within ${call.timeoutMs} ms` };
    }
    if (result.samples.length === 0 || !dice.falls('scrapeDoubled')) return result;
    dice.happened('scrapeDoubled', pod);
    return { ...result, samples: result.samples.flatMap((sample) => [sample, sample]) };
  };
  const reset = (call: Scrape, pod: string): void => {
    const server = world.server(call.cluster, call.namespace, pod);
    if (server === null) return;
    world.settle();
    resetCounters(server);
    dice.happened('counterReset', pod);
  };
  const scrape = (call: Scrape): Handled<readonly ScrapeResult[]> => {
    for (const { pod } of call.targets) {
      if (dice.falls('counterReset')) reset(call, pod);
    }
    const { value, tookMs } = ask(call);
    if (dice.faults === null) return { value, tookMs };
    const results = value.map((result, index) => distorted(call, call.targets[index]?.pod ?? '', result));
    const waits = results.some(({ kind }, index) => kind !== value[index]?.kind);
    return { value: results, tookMs: waits ? Math.max(tookMs, call.timeoutMs) : tookMs };
  };
  return { scrape, ask: inner.ask };
}
