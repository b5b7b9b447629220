/** Open incidents over REST: the client library has none. Source: Cloud Monitoring API v3, `projects.alerts.list`. */
import * as z from 'zod';
import type { NoAnswer } from '../../workflows/ports.ts';
import type { Incident } from '../../workflows/rollout/stored.ts';
import type { Clock } from './clock.ts';
import type { TokenProvider } from './cluster-access-token.ts';
import { withinDeadline } from './gke-deadline.ts';

export interface AlertsOptions {
  /** `http(s)://HOST[:PORT]` */
  readonly endpoint: string;
  /** null: no authentication. */
  readonly auth: TokenProvider | null;
  readonly clock: Clock;
  /** For all pages together, ms by the clock. */
  readonly timeoutMs: number;
}

interface Question {
  /** Id, or `projects/ID`. */
  readonly project: string;
  /** Full names of alert policies. */
  readonly policies: readonly string[];
}

type Incidents = { readonly kind: 'ok'; readonly incidents: readonly Incident[] } | NoAnswer;

/** The API gives no more at once. */
const PAGE_SIZE = 1_000;
/** More open alerts than a project may have policies (2,000), ten times over. */
const PAGES_MAX = 20;
/** A page of 1,000 alerts has 2 to 4 MiB. */
const PAGE_BYTES_MAX = 32 * 1024 * 1024;
const SUMMARY_MAX = 500;

const words = z.string().catch('');
const page = z.object({
  alerts: z.array(z.unknown()).optional(),
  nextPageToken: z.string().optional(),
});
/** Whose alert it is must be readable, or it might be one that is watched. */
const ofPolicy = z.object({ policy: z.object({ name: z.string().min(1), displayName: words }) });
const alert = z.object({
  name: z.string().min(1),
  state: words,
  // RFC 3339, to the nanosecond
  openTime: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT/)
    .transform((text) => Date.parse(text))
    .pipe(z.number().min(0)),
  metric: z.object({ type: words }).nullable().catch(null),
  resource: z.object({ type: words }).nullable().catch(null),
});

const noAnswer = (why: string): NoAnswer => ({ kind: 'noAnswer', why });

const POLICY = /^projects\/([^/]+)\/alertPolicies\/([^/]+)$/;

/** The same policy, though one of the names may have the project's number where the other has its id. */
const isSame = (one: string, other: string): boolean => {
  if (one === other) return true;
  const [, project = '', id = ''] = POLICY.exec(one) ?? [];
  const [, otherProject = '', otherId = ''] = POLICY.exec(other) ?? [];
  return id !== '' && id === otherId && /^\d+$/.test(project) !== /^\d+$/.test(otherProject);
};

/**
 * @returns null: an alert of nobody's concern. By the name of the policy that was asked for, by which rollouts are found.
 * An alert of a state that is neither open nor closed counts as open: that was asked for.
 */
const incidentOf = (value: unknown, policies: readonly string[]): Incident | 'unreadable' | null => {
  const owner = ofPolicy.safeParse(value);
  if (!owner.success) return 'unreadable';
  const { name, displayName } = owner.data.policy;
  const policy = policies.find((one) => isSame(one, name));
  if (policy === undefined) return null;
  const parsed = alert.safeParse(value);
  if (!parsed.success) return 'unreadable';
  const { name: alertName, state, openTime, metric, resource } = parsed.data;
  if (state === 'CLOSED') return null;
  const what = [metric?.type, resource?.type]
    .filter((text) => text !== undefined && text !== '')
    .join(' of ');
  return {
    // The last part of the name is what notifications call the incident's id.
    incidentId: alertName.split('/').at(-1) ?? alertName,
    state: 'open',
    policy,
    policyDisplayName: displayName,
    startedAtMs: openTime,
    endedAtMs: null,
    summary: `${displayName} is open${what === '' ? '' : ` (${what})`}`.slice(0, SUMMARY_MAX),
  };
};

/** The body as text; null when it is longer than anything that is meant. */
const bodyOf = async (response: Response): Promise<string | null> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > PAGE_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
};

const readPage = async (
  { endpoint, auth }: AlertsOptions,
  question: Question,
  pageToken: string,
  signal: AbortSignal,
): Promise<z.infer<typeof page> | NoAnswer> => {
  const project = question.project.replace(/^projects\//, '');
  const url = new URL(`/v3/projects/${encodeURIComponent(project)}/alerts`, endpoint);
  url.searchParams.set('filter', 'state="OPEN"');
  url.searchParams.set('pageSize', String(PAGE_SIZE));
  if (pageToken !== '') url.searchParams.set('pageToken', pageToken);
  const headers = auth === null ? {} : { Authorization: `Bearer ${await auth()}` };
  signal.throwIfAborted();
  const response = await fetch(url, { headers, signal, redirect: 'error' });
  const body = await bodyOf(response);
  if (body === null) return noAnswer(`a page of alerts has more than ${PAGE_BYTES_MAX} bytes`);
  if (response.status !== 200)
    return noAnswer(`alerts: HTTP ${response.status}: ${body.slice(0, SUMMARY_MAX)}`);
  const parsed = page.safeParse(JSON.parse(body));
  return parsed.success ? parsed.data : noAnswer('alerts: the answer is not a list of alerts');
};

const readAll = async (
  options: AlertsOptions,
  question: Question,
  signal: AbortSignal,
): Promise<Incidents> => {
  const incidents = new Map<string, Incident>();
  let pageToken = '';
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const read = await readPage(options, question, pageToken, signal);
    if ('kind' in read) return read;
    for (const value of read.alerts ?? []) {
      const incident = incidentOf(value, question.policies);
      if (incident === 'unreadable') return noAnswer('alerts: one of them cannot be read');
      if (incident !== null) incidents.set(incident.incidentId, incident);
    }
    pageToken = read.nextPageToken ?? '';
    if (pageToken === '') return { kind: 'ok', incidents: [...incidents.values()] };
  }
  // Some would be overlooked.
  return noAnswer(`alerts: more than ${PAGES_MAX} pages are open`);
};

const sayThrown = (thrown: unknown): string => {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return (cause instanceof Error ? cause.message || cause.name : String(cause)).slice(0, SUMMARY_MAX);
};

/** Incidents of the policies that are open now. What cannot be read in full is no answer: no data is never a pass. */
export const readOpenIncidents = (options: AlertsOptions, question: Question): Promise<Incidents> =>
  withinDeadline(options, async (signal) => {
    try {
      return await readAll(options, question, signal);
    } catch (error) {
      return noAnswer(`alerts: ${sayThrown(error)}`);
    }
  });
