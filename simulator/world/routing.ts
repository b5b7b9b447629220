import type { Backend } from './backends.ts';
import { at, type Fields, items, text, texts } from './fields.ts';
import type { StreamParameters } from './parameters.ts';

interface ProgrammedBackend {
  /** null: the load balancer has nothing behind it. */
  readonly backend: Backend | null;
  readonly name: string;
  readonly weight: number;
}

export interface ProgrammedRule {
  readonly matches: readonly Fields[];
  readonly backends: readonly ProgrammedBackend[];
  readonly weightSum: number;
}

/** What the load balancer obeys, made from a stored route. */
export interface ProgrammedRoute {
  /** `namespace/name` of the Gateway whose load balancer it is. */
  readonly gateway: string;
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  readonly hostnames: readonly string[];
  readonly rules: readonly ProgrammedRule[];
  readonly generation: number;
}

/** Length of the hostname that takes the host; 0 for a route without hostnames; -1 when none does. */
function hostScore(hostnames: readonly string[], host: string): number {
  if (hostnames.length === 0) return 0;
  let best = -1;
  for (const name of hostnames) {
    const wild = name.startsWith('*.');
    if (wild ? host.endsWith(name.slice(1)) : name === host)
      best = Math.max(best, name.length * 2 - (wild ? 1 : 0));
  }
  return best;
}

const EXACT = 100_000;

/** How closely a match takes the path; -1 when it does not. Source: Gateway API, HTTPRouteRule.matches, precedence. */
function pathScore(match: Fields, path: string): number {
  const type = text(at(match, 'path', 'type')) ?? 'PathPrefix';
  const value = text(at(match, 'path', 'value')) ?? '/';
  if (type === 'Exact') return path === value ? EXACT : -1;
  const prefix = value.endsWith('/') ? value.slice(0, -1) : value;
  return path === prefix || path.startsWith(`${prefix}/`) || prefix === '' ? prefix.length : -1;
}

/** How many headers a match asks for; -1 when the stream does not bring them. */
function headerScore(match: Fields, headers: Readonly<Record<string, string>>): number {
  const wanted = items(match['headers']);
  const met = wanted.every(
    (header) => headers[(text(header['name']) ?? '').toLowerCase()] === header['value'],
  );
  return met ? wanted.length : -1;
}

const ANY: readonly Fields[] = [{}];

interface Candidate {
  readonly rule: ProgrammedRule;
  readonly score: readonly [host: number, path: number, headers: number];
  readonly createdAt: string;
}

function better(a: Candidate, b: Candidate): boolean {
  for (let index = 0; index < 3; index++) {
    const difference = (a.score[index] ?? 0) - (b.score[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return a.createdAt < b.createdAt;
}

/** The rule that takes a stream of requests; null when none does. */
export function ruleFor(
  routes: Iterable<ProgrammedRoute>,
  stream: Pick<StreamParameters, 'host' | 'path' | 'headers'>,
): ProgrammedRule | null {
  let best: Candidate | null = null;
  for (const route of routes) {
    const host = hostScore(route.hostnames, stream.host);
    if (host < 0) continue;
    for (const rule of route.rules) {
      for (const match of rule.matches.length > 0 ? rule.matches : ANY) {
        const path = pathScore(match, stream.path);
        const headers = headerScore(match, stream.headers);
        if (path < 0 || headers < 0) continue;
        const candidate: Candidate = { rule, score: [host, path, headers], createdAt: route.createdAt };
        if (best === null || better(candidate, best)) best = candidate;
      }
    }
  }
  return best === null ? null : best.rule;
}

/** Hostnames of a stored route. */
export function hostnamesOf(route: unknown): readonly string[] {
  return texts(at(route, 'spec', 'hostnames'));
}
