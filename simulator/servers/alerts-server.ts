/** Open incidents over REST. Source: Cloud Monitoring API v3, `projects.alerts.list`. */
import { createServer, type ServerResponse } from 'node:http';
import type { Incident } from '../../workflows/rollout/stored.ts';
import type { WorldHandlers } from '../world/handlers.ts';
import type { World } from '../world/world.ts';
import type { HostedWorld, RunningServer } from './hosted-world.ts';
import { listenOnLoopback } from './http-listener.ts';

export interface AlertsServerOptions {
  readonly port?: number;
  /** In place of the world's own, e.g. with faults. */
  readonly handlers?: WorldHandlers['monitoring'];
}

const PATH = /^\/v3\/(projects\/[^/]+)\/alerts$/;
/** The only filter that is simulated; the world answers for what is open. */
const OPEN = /^\s*state\s*=\s*"?OPEN"?\s*$/;
const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 1_000;

interface Reply {
  readonly status: number;
  readonly body: object;
}

const refused = (status: number, name: string, message: string): Reply => ({
  status,
  body: { error: { code: status, message, status: name } },
});

const alertOf =
  (project: string) =>
  ({ incidentId, policy, policyDisplayName, startedAtMs }: Incident): object => ({
    name: `${project}/alerts/${incidentId}`,
    state: 'OPEN',
    openTime: new Date(startedAtMs).toISOString(),
    resource: { type: 'prometheus_target', labels: { project_id: project.slice('projects/'.length) } },
    metric: { type: 'prometheus.googleapis.com/http_requests_total/counter' },
    policy: { name: policy, displayName: policyDisplayName },
  });

/** Policies whose incidents may be open: those of the world's, and those that its acts name. */
const knownPolicies = (world: World): Set<string> => {
  const known = new Set(world.parameters.alertPolicies.map(({ name }) => name));
  for (const { act } of world.parameters.acts) if (act.kind === 'incidentOpened') known.add(act.policy);
  world.onIncident(({ incident }) => known.add(incident.condition.name.split('/conditions/')[0] ?? ''));
  return known;
};

const listed = (incidents: readonly Incident[], project: string, query: URLSearchParams): Reply => {
  const asked = Number(query.get('pageSize') ?? 0);
  const size = asked > 0 ? Math.min(asked, PAGE_SIZE_MAX) : PAGE_SIZE;
  const start = Number(query.get('pageToken') ?? 0);
  if (!Number.isInteger(size) || !Number.isInteger(start) || start < 0)
    return refused(400, 'INVALID_ARGUMENT', 'Invalid page size or token.');
  // By opening time, the newest first.
  const sorted = incidents.toSorted((a, b) => b.startedAtMs - a.startedAtMs);
  const end = start + size;
  return {
    status: 200,
    body: {
      ...(sorted.length > start ? { alerts: sorted.slice(start, end).map(alertOf(project)) } : {}),
      ...(sorted.length > end ? { nextPageToken: String(end) } : {}),
      totalSize: sorted.length,
    },
  };
};

const send = (response: ServerResponse, { status, body }: Reply): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
  response.end(JSON.stringify(body));
};

/** Cloud Monitoring's list of open incidents over plain HTTP. */
export const startAlertsServer = (
  { world }: HostedWorld,
  options: AlertsServerOptions = {},
): Promise<RunningServer> => {
  const monitoring = options.handlers ?? world.handlers().monitoring;
  const policies = knownPolicies(world);
  /** null: silence. */
  const replyTo = (method: string, url: URL): Reply | null => {
    const [, project] = PATH.exec(url.pathname) ?? [];
    if (project === undefined || method !== 'GET') return refused(404, 'NOT_FOUND', 'Method not found.');
    if (!OPEN.test(url.searchParams.get('filter') ?? ''))
      return refused(400, 'INVALID_ARGUMENT', 'Only the filter state="OPEN" is simulated.');
    const open = monitoring.openIncidents({ project, policies: [...policies] }).value;
    return open.kind === 'noAnswer' ? null : listed(open.incidents, project, url.searchParams);
  };
  const count = { requests: 0 };
  const server = createServer((request, response) => {
    count.requests++;
    request.resume();
    const url = URL.parse(request.url ?? '', 'http://127.0.0.1');
    const reply =
      url === null ? refused(404, 'NOT_FOUND', 'Not a path.') : replyTo(request.method ?? '', url);
    if (reply !== null) send(response, reply);
  });
  return listenOnLoopback(server, options.port ?? 0, count);
};
