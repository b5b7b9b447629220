/** What two servers may say differently without meaning anything else: identities, times, versions, wording. */

const MASKED_KEYS: Readonly<Record<string, string>> = {
  uid: '<uid>',
  resourceVersion: '<version>',
  creationTimestamp: '<time>',
  deletionTimestamp: '<time>',
  lastTransitionTime: '<time>',
  lastUpdateTime: '<time>',
  time: '<time>',
  continue: '<token>',
  // Decisions are made by status, reason and details; never by these.
  message: '<text>',
  clusterIP: '<address>',
};

/** Lists of addresses, which each server gives from its own range. */
const MASKED_LISTS = new Set(['clusterIPs']);

/** The server sorts them by time first, to the second. */
const byOwner = (a: unknown, b: unknown): number => {
  const owner = (entry: unknown): string => {
    const { manager, operation, subresource } = entry as Readonly<Record<string, unknown>>;
    return JSON.stringify([operation, manager, subresource]);
  };
  return owner(a) < owner(b) ? -1 : 1;
};

/** Those of rules come out of a map in Go, in any order. */
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** A masked copy; absent and empty values stay what they are. */
export const masked = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => {
        const mask = MASKED_KEYS[key];
        if (mask !== undefined && typeof item === 'string') return [key, item === '' ? '' : mask];
        if (key === 'managedFields' && Array.isArray(item)) return [key, item.map(masked).toSorted(byOwner)];
        if (key === 'causes' && Array.isArray(item)) return [key, item.map(masked).toSorted(byText)];
        if (MASKED_LISTS.has(key) && Array.isArray(item)) return [key, item.map(() => '<address>')];
        return [key, masked(item)];
      }),
  );
};

export interface Difference {
  readonly step: string;
  /** Dotted path in the answer: `status`, `body.spec.replicas`. */
  readonly at: string;
  readonly real: string;
  readonly simulated: string;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TEXT_MAX = 160;
const say = (value: unknown): string =>
  value === undefined ? 'absent' : JSON.stringify(value).slice(0, TEXT_MAX);

const kindIn = (answer: unknown): string => {
  const body = isMap(answer) ? answer['body'] : undefined;
  if (!isMap(body)) return `${String(body).slice(0, 30)}`;
  return [body['kind'], body['reason']].filter((word) => typeof word === 'string').join(' ');
};

/** Where two answers differ: in what they are, else field by field. */
export const differencesOf = (step: string, real: unknown, simulated: unknown): readonly Difference[] => {
  const said = (answer: unknown): string =>
    `${isMap(answer) ? String(answer['status']) : ''} ${kindIn(answer)}`.trim();
  return said(real) === said(simulated)
    ? differences(step, real, simulated)
    : [{ step, at: 'answer', real: said(real), simulated: said(simulated) }];
};

/** Where two masked values differ, as deep down as can be said. */
const differences = (step: string, real: unknown, simulated: unknown, at = ''): readonly Difference[] => {
  if (isMap(real) && isMap(simulated)) {
    const keys = [...new Set([...Object.keys(real), ...Object.keys(simulated)])].toSorted();
    return keys.flatMap((key) =>
      differences(step, real[key], simulated[key], at === '' ? key : `${at}.${key}`),
    );
  }
  if (Array.isArray(real) && Array.isArray(simulated) && real.length === simulated.length)
    return real.flatMap((item, index) =>
      differences(step, item, simulated[index], `${at}[${String(index)}]`),
    );
  return JSON.stringify(real) === JSON.stringify(simulated)
    ? []
    : [{ step, at, real: say(real), simulated: say(simulated) }];
};
