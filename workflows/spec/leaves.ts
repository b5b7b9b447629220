/**
 * The leaves of the rollout file's schema. Each reads the text as a person writes it and answers with a unit-free
 * value; what is wrong becomes an issue whose `params` carry the problem's code and how to mend it.
 */
import * as z from 'zod';
import { DURATION_PATTERN, formatDuration, isTimeZone, parseDuration } from '../time.ts';
import { type ProblemCode, quoted } from './problem.ts';

/** What an issue of ours carries. `at: 'key'` puts the place on the field's name. */
export interface IssueParams {
  readonly code: ProblemCode;
  readonly mend: string;
  readonly at?: 'key' | 'value';
}

/** What a leaf expects, as a phrase, with the code of a value of another type; found again by the phrase. */
export const EXPECTED = {
  duration: { code: 'bad-duration', phrase: 'a duration with its unit such as 10m, 1h30m or 3d' },
  text: { code: 'wrong-type', phrase: 'a text' },
  number: { code: 'wrong-type', phrase: 'a number' },
  wholeNumber: { code: 'wrong-type', phrase: 'a whole number' },
  time: { code: 'bad-time', phrase: 'a time of day such as "09:00"' },
  days: { code: 'bad-days', phrase: 'days such as mon-fri, sat,sun or daily' },
} as const satisfies Record<string, { readonly code: ProblemCode; readonly phrase: string }>;

/** What zod gives to refinements and transforms, as far as it is needed here. */
export interface RefusalContext {
  addIssue(issue: z.core.$ZodRawIssue<z.core.$ZodIssueCustom>): void;
}

/** Adds an issue with code and mend to what zod collects. */
export function refuse(
  context: RefusalContext,
  params: IssueParams,
  what: string,
  path: readonly (string | number)[] = [],
): void {
  context.addIssue({
    code: 'custom',
    message: what,
    path: [...path],
    params: { ...params },
    input: undefined,
  });
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A duration in milliseconds, from `minMs` to `maxMs`. */
export function duration(minMs: number, maxMs: number) {
  return z
    .string({ error: EXPECTED.duration.phrase })
    .meta({ pattern: DURATION_PATTERN, examples: ['10m', '1h30m'] })
    .transform((value, context) => readDuration(value, minMs, maxMs, context) ?? z.NEVER);
}

/** A duration, 0, or `forever`, which is null. */
export function durationOrForever(maxMs: number) {
  const withUnit = z
    .string({ error: EXPECTED.duration.phrase })
    .meta({ pattern: `${DURATION_PATTERN}|^forever$`, examples: ['24h', 'forever'] })
    .transform((value, context) =>
      value === 'forever' ? null : (readDuration(value, 0, maxMs, context) ?? z.NEVER),
    );
  return z.union([z.literal(0), withUnit]);
}

function readDuration(value: string, minMs: number, maxMs: number, context: RefusalContext): number | null {
  const valueMs = parseDuration(value);
  const range = `from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  const mend = `Write ${EXPECTED.duration.phrase}, ${range}.`;
  if (valueMs === null) {
    refuse(context, { code: 'bad-duration', mend }, `${quoted(value)} is not a duration.`);
  } else if (valueMs < minMs) {
    refuse(context, { code: 'duration-too-short', mend }, `${quoted(value)} is too short.`);
  } else if (valueMs > maxMs) {
    refuse(context, { code: 'duration-too-long', mend }, `${quoted(value)} is too long.`);
  }
  return valueMs;
}

interface TextRule {
  readonly code: ProblemCode;
  /** `is not …` */
  readonly kind: string;
  readonly mend: string;
  readonly pattern: string;
  readonly lengthMax: number;
  readonly examples?: readonly string[];
}

/** A text that matches a pattern. */
export function text({ code, kind, mend, pattern, lengthMax, examples }: TextRule) {
  const expression = new RegExp(pattern, 'u');
  return z
    .string({ error: EXPECTED.text.phrase })
    .meta({ pattern, maxLength: lengthMax, ...(examples ? { examples: [...examples] } : {}) })
    .superRefine((value, context) => {
      if (value === '') {
        refuse(context, { code: 'empty-text', mend }, 'The text is empty.');
      } else if (value.length > lengthMax) {
        const what = `The text has ${value.length} characters; at most ${lengthMax} are allowed.`;
        refuse(context, { code: 'text-too-long', mend: 'Shorten it.' }, what);
      } else if (!expression.test(value)) {
        refuse(context, { code, mend }, `${quoted(value)} is not ${kind}.`);
      }
    });
}

const LABEL = '[a-z0-9]([a-z0-9\\-]*[a-z0-9])?';

/** A DNS-1123 label: names of namespaces, node pools, rollouts. */
export function dnsLabel(kind: string, lengthMax: number) {
  return text({
    code: 'bad-name',
    kind: `a name of ${kind}`,
    mend: 'Use lower-case letters, digits and “-”, beginning and ending with a letter or digit.',
    pattern: `^${LABEL}$`,
    lengthMax,
  });
}

/** A DNS-1123 subdomain: names of Kubernetes objects. */
export function objectName(kind: string) {
  return text({
    code: 'bad-name',
    kind: `a name of ${kind}`,
    mend: 'Use lower-case letters, digits, “-” and “.”, beginning and ending with a letter or digit.',
    pattern: `^${LABEL}(\\.${LABEL})*$`,
    lengthMax: 253,
  });
}

/** Any text on one line, e.g. the name of a model. */
export function line(kind: string, lengthMax: number) {
  return text({
    code: 'bad-name',
    kind,
    mend: 'Write it on one line, without white space around it.',
    pattern: '^\\S(.*\\S)?$',
    lengthMax,
  });
}

/** Values of labels, as Kubernetes allows them. */
export const labelValue = z
  .string({ error: EXPECTED.text.phrase })
  .meta({ pattern: '^(([A-Za-z0-9][A-Za-z0-9_.\\-]*)?[A-Za-z0-9])?$', maxLength: 63 })
  .superRefine((value, context) => {
    if (value.length <= 63 && /^(?:(?:[A-Za-z0-9][\w.-]*)?[A-Za-z0-9])?$/u.test(value)) return;
    const mend =
      'Use at most 63 letters, digits, “-”, “_” and “.”, beginning and ending with a letter or digit.';
    refuse(context, { code: 'bad-label', mend }, `${quoted(value)} is not the value of a label.`);
  });

/** Labels as Kubernetes allows them; their keys may have a domain in front. */
export function labels(entriesMax: number) {
  return z.record(z.string(), labelValue).superRefine((value, context) => {
    const keys = Object.keys(value);
    if (keys.length > entriesMax) {
      const what = `There are ${keys.length} labels; at most ${entriesMax} are allowed.`;
      refuse(context, { code: 'too-many-items', mend: 'Remove some.' }, what);
    }
    for (const key of keys) {
      const [, name = ''] = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?([^/]+)$/u.exec(key) ?? [];
      if (name.length <= 63 && /^(?:[A-Za-z0-9][\w.-]*)?[A-Za-z0-9]$/u.test(name)) continue;
      const mend =
        'Use at most 63 letters, digits, “-”, “_” and “.”, a domain and “/” before them if you like.';
      refuse(context, { code: 'bad-label', mend, at: 'key' }, `${quoted(key)} is not the key of a label.`, [
        key,
      ]);
    }
  });
}

/** A number from `min` to `max` with at most `decimals` decimals. */
export function number(min: number, max: number, decimals: number) {
  const base =
    decimals === 0
      ? z.int({ error: EXPECTED.wholeNumber.phrase })
      : z.number({ error: EXPECTED.number.phrase });
  return base.meta({ minimum: min, maximum: max }).superRefine((value, context) => {
    const mend = `Write a number from ${min} to ${max}.`;
    const scaled = value * 10 ** decimals;
    if (value < min) {
      refuse(context, { code: 'number-too-small', mend }, `${value} is too small.`);
    } else if (value > max) {
      refuse(context, { code: 'number-too-large', mend }, `${value} is too large.`);
    } else if (Math.abs(scaled - Math.round(scaled)) > 1e-9) {
      const allowed = decimals === 1 ? 'one decimal is' : `${decimals} decimals are`;
      refuse(context, { code: 'number-precision', mend: 'Round it.' }, `${value}: only ${allowed} allowed.`);
    }
  });
}

const DAY_NAMES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAY_NAME = DAY_NAMES.join('|');
const DAYS_PATTERN = `^(daily|(${DAY_NAME})(-(${DAY_NAME}))?(,(${DAY_NAME})(-(${DAY_NAME}))?)*)$`;

/** Days of the week as numbers, 1 = Monday, in order; ranges may run over Sunday. */
export const days = z
  .string({ error: EXPECTED.days.phrase })
  .meta({ pattern: DAYS_PATTERN, examples: ['mon-fri', 'sat,sun', 'daily'] })
  .transform((value, context): readonly number[] => {
    if (value === 'daily') return [1, 2, 3, 4, 5, 6, 7];
    if (value.length > 100 || !new RegExp(DAYS_PATTERN, 'u').test(value)) {
      const mend = `Write ${EXPECTED.days.phrase}.`;
      refuse(context, { code: 'bad-days', mend }, `${quoted(value)} names no days.`);
      return z.NEVER;
    }
    const found = new Set(value.split(',').flatMap(daysOfRange));
    return [...found].sort((one, other) => one - other);
  });

function daysOfRange(range: string): readonly number[] {
  const [from = '', to = from] = range.split('-');
  const first = DAY_NAMES.indexOf(from);
  const count = ((DAY_NAMES.indexOf(to) - first + 7) % 7) + 1;
  return Array.from({ length: count }, (_, index) => ((first + index) % 7) + 1);
}

const TIME_PATTERN = '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$';

/** Minutes after midnight; 24:00 is the end of the day. */
export const timeOfDay = z
  .string({ error: EXPECTED.time.phrase })
  .meta({ pattern: TIME_PATTERN, examples: ['09:00'] })
  .transform((value, context) => {
    if (!new RegExp(TIME_PATTERN, 'u').test(value)) {
      const mend = `Write ${EXPECTED.time.phrase}, with two digits each.`;
      refuse(context, { code: 'bad-time', mend }, `${quoted(value)} is not a time of day.`);
      return z.NEVER;
    }
    return Number(value.slice(0, 2)) * 60 + Number(value.slice(3));
  });

/** An IANA time zone. */
export const timeZone = z
  .string({ error: EXPECTED.text.phrase })
  .meta({ examples: ['Europe/Berlin', 'UTC'] })
  .superRefine((value, context) => {
    if (isTimeZone(value)) return;
    const mend = 'Write an IANA name such as Europe/Berlin or UTC, not an offset.';
    refuse(context, { code: 'bad-time-zone', mend }, `${quoted(value)} is not a time zone.`);
  });

/** Refuses a list that contains the same text twice, at the second. */
export function noDuplicates(items: readonly string[], context: RefusalContext, field?: string): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const path = field === undefined ? [index] : [index, field];
    if (seen.has(item)) {
      refuse(
        context,
        { code: 'duplicate-item', mend: 'Keep one of the two.' },
        `${quoted(item)} is there twice.`,
        path,
      );
    }
    seen.add(item);
  }
}
