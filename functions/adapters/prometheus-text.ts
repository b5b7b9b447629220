/**
 * Samples of some families out of a page in the Prometheus text format (0.0.4; 1.0.0 and OpenMetrics as far as they write
 * plain names). Source: prometheus.io, "Exposition formats".
 *
 * A page of a model server has a thousand lines of which fifty are wanted, several times a minute, of each pod: lines of
 * other families are passed over by their first characters.
 */
import type { MetricSample } from '../../workflows/ports.ts';

/** What a family's series may end in: histograms and summaries, and OpenMetrics' counters. */
const SUFFIXES = ['_bucket', '_count', '_sum', '_total'] as const;

/** `# TYPE name kind`. */
const TYPE = /#[ \t]*TYPE[ \t]+([^ \t]+)/y;
/** Longer than any line that means something; the rest of this file may then be simple. */
const LINE_MAX = 64 * 1024;

const HASH = 35;
const BRACE = 123;
/** Tab, carriage return, space. */
const BLANKS: ReadonlySet<number> = new Set([9, 13, 32]);

const LABEL =
  /[ \t]*(?:([a-zA-Z_][a-zA-Z0-9_]*)|"((?:[^"\\]|\\.)*)")[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|(?=\}))/y;
const END_OF_LABELS = /[ \t]*\}/y;
/** A timestamp, an exemplar and whatever else may follow is not read. */
const VALUE = /[ \t]*([^ \t]+)(?=[ \t]|$)/y;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const ESCAPE = /\\([\\n"])/g;

/** Escapes that the format does not know stay as they are, as Prometheus has it. */
const unescape = (text: string): string =>
  text.includes('\\') ? text.replace(ESCAPE, (_all, char: string) => (char === 'n' ? '\n' : char)) : text;

/** null: no number of the format. */
const readValue = (text: string): number | null => {
  if (NUMBER.test(text)) return Number(text);
  const infinity = INFINITY.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^nan$/i.test(text) ? Number.NaN : null;
};

interface Read<T> {
  readonly value: T;
  readonly end: number;
}

/** Labels from behind the opening brace on; null where they are none. */
const readLabels = (line: string, start: number): Read<MetricSample['labels']> | null => {
  const labels: [string, string][] = [];
  let end = start;
  for (;;) {
    LABEL.lastIndex = end;
    const label = LABEL.exec(line);
    if (label === null) break;
    labels.push([label[1] ?? unescape(label[2] ?? ''), unescape(label[3] ?? '')]);
    end = LABEL.lastIndex;
    if (label[4] !== ',') break;
  }
  END_OF_LABELS.lastIndex = end;
  return END_OF_LABELS.test(line)
    ? // As own fields, whatever they are called.
      { value: Object.fromEntries(labels), end: END_OF_LABELS.lastIndex }
    : null;
};

/** A line whose name ends at `nameEnd`; null where it is no sample. */
const readSample = (line: string, nameEnd: number): MetricSample | null => {
  if (line.length > LINE_MAX) return null;
  const brace = line.slice(nameEnd).trimStart().startsWith('{') ? line.indexOf('{', nameEnd) : -1;
  const labels = brace === -1 ? { value: {}, end: nameEnd } : readLabels(line, brace + 1);
  if (labels === null) return null;
  VALUE.lastIndex = labels.end;
  const value = readValue(VALUE.exec(line)?.[1] ?? '');
  return value === null ? null : { name: line.slice(0, nameEnd), labels: labels.value, value };
};

/** Where the name that begins the line ends. */
const nameEndOf = (text: string, start: number, lineEnd: number): number => {
  let at = start;
  for (; at < lineEnd; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BRACE || BLANKS.has(code)) break;
  }
  return at;
};

/** The name that a TYPE line declares; null for every other comment. */
const declaredName = (line: string): string | null => {
  TYPE.lastIndex = 0;
  return TYPE.exec(line)?.[1] ?? null;
};

interface Wanted {
  readonly families: ReadonlySet<string>;
  /** Names that series of these families may have. */
  readonly series: ReadonlySet<string>;
  /** Families of their own that are called like a series of another: `requests_count` beside `requests`. */
  readonly strangers: Set<string>;
}

const wantedOf = (families: readonly string[]): Wanted => ({
  families: new Set(families),
  series: new Set(families.flatMap((family) => ['', ...SUFFIXES].map((suffix) => family + suffix))),
  strangers: new Set(),
});

/** Where the first character that is no blank is. */
const skipBlanks = (text: string, start: number, lineEnd: number): number => {
  let at = start;
  while (at < lineEnd && BLANKS.has(text.charCodeAt(at))) at += 1;
  return at;
};

/** The sample of the line; null when it is not wanted, 'unreadable' when it is and cannot be read. */
const readLine = (
  text: string,
  lineStart: number,
  lineEnd: number,
  { families, series, strangers }: Wanted,
): MetricSample | null | 'unreadable' => {
  const start = skipBlanks(text, lineStart, lineEnd);
  if (text.charCodeAt(start) === HASH) {
    const declared = declaredName(text.slice(start, Math.min(lineEnd, start + LINE_MAX)));
    if (declared !== null && series.has(declared) && !families.has(declared)) strangers.add(declared);
    return null;
  }
  const nameEnd = nameEndOf(text, start, lineEnd);
  const name = text.slice(start, nameEnd);
  if (!series.has(name) || strangers.has(name)) return null;
  return readSample(text.slice(start, lineEnd).trimEnd(), nameEnd - start) ?? 'unreadable';
};

/**
 * The samples of `families`, in the order of the page; of a histogram all its series.
 *
 * null when a line of a wanted family cannot be read: what it would have said may be the failures, so the page says
 * nothing at all. Lines of other families may say what they like.
 */
export const readSamples = (text: string, families: readonly string[]): readonly MetricSample[] | null => {
  const wanted = wantedOf(families);
  const samples: MetricSample[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const lineEnd = newline === -1 ? text.length : newline;
    const sample = readLine(text, start, lineEnd, wanted);
    if (sample === 'unreadable') return null;
    if (sample !== null) samples.push(sample);
    start = lineEnd + 1;
  }
  return samples;
};
