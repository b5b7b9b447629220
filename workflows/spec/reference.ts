/** The reference of the rollout file as Markdown, made from the schema: it cannot say what is not so. */
import { DURATION_PATTERN } from '../time.ts';
import { DEFAULTS_OF_TYPE } from './defaults-of-type.ts';
import { ADAPTER_EXAMPLE, BASE_MODEL_EXAMPLE, NODE_EXAMPLE, SMALLEST_EXAMPLE } from './examples.ts';
import { FIELDS_OF_TYPES } from './fields-of-types.ts';
import { annotatedJsonSchema, type JsonSchemaNode } from './json-schema.ts';
import { NOT_IN_THIS_VERSION } from './not-in-this-version.ts';
import { NOT_SUPPORTED_YET } from './not-supported-yet.ts';
import { PROBLEM_CODES } from './problem.ts';

/** The whole page. The same schema gives the same text, byte for byte. */
export function rolloutFileReference(): string {
  return `${[
    '# The rollout file',
    'This page is generated from the schema by `node scripts/write-docs.ts`: do not edit it.',
    INTRODUCTION,
    '## Smallest file',
    yaml(SMALLEST_EXAMPLE),
    '## Fields',
    'What is not marked as required may be left out. Durations are `10m`, `1h30m`, `90s`, `2.5s` or `3d`; a day is 24 hours.',
    table(['field', 'type', 'default', 'meaning'], fieldRows(annotatedJsonSchema(), '')),
    '## Defaults of the types',
    'A share of 1 shows errors of wiring at once; figures cannot see a model’s quality, so somebody is asked before a quarter of the traffic meets a new one.',
    table(['field', ...Object.keys(DEFAULTS_OF_TYPE)], typeRows()),
    '## Examples',
    'New nodes that Sluice creates, the new side from manifests, defaults written out:',
    yaml(NODE_EXAMPLE),
    'A new base model on the nodes of the old side:',
    yaml(BASE_MODEL_EXAMPLE),
    'A new version of an adapter on the pods that serve the old one, defaults written out:',
    yaml(ADAPTER_EXAMPLE),
    '## Fields of some types only',
    'Elsewhere they are refused with `not-of-this-type`.',
    table(['field', 'value', 'types'], rowsOfTypes()),
    '## Not in this version',
    'Defaults of the full format that are not built yet, and what happens instead. Every plan lists them.',
    table(
      ['field', 'full format', 'this version', 'why'],
      NOT_IN_THIS_VERSION.map(({ field, reference, instead, why }) => [code(field), reference, instead, why]),
    ),
    '## Not supported yet',
    'Fields and values that the format knows and this version refuses with `not-supported-yet`.',
    table(['field', 'what', 'instead'], unsupportedRows()),
    '## Problems',
    '`sluice validate` prints one line per problem: `file:line:column  code  what  mend`. An unknown field is shown at its name, a wrong value at the value, a missing field at the mapping that lacks it.',
    table(
      ['code', 'meaning'],
      Object.entries(PROBLEM_CODES).map(([name, meaning]) => [code(name), meaning]),
    ),
  ].join('\n\n')}\n`;
}

const INTRODUCTION =
  'A rollout file says what changes and how carefully. It is YAML 1.2 (or JSON), one rollout per file, at most 64 KiB. Unknown fields are errors. For completion and checks while typing, point your editor at `docs/rollout-schema.json`:\n\n```yaml\n# yaml-language-server: $schema=../docs/rollout-schema.json\n```';

type Row = readonly string[];

function fieldRows(node: JsonSchemaNode, path: string): readonly Row[] {
  const rows: Row[] = [];
  for (const option of node.anyOf ?? [node]) {
    if (typeof option !== 'object') continue;
    for (const [name, child] of Object.entries(option.properties ?? {})) {
      if (typeof child !== 'object') continue;
      const childPath = join(path, name);
      const required = option.required?.includes(name) === true;
      rows.push([code(childPath), typeOf(child), defaultOf(child, required), child.description ?? '']);
      rows.push(...fieldRows(child, childPath));
    }
    const { items } = option;
    if (isNode(items)) rows.push(...fieldRows(items, `${path}[]`));
  }
  return rows;
}

function join(path: string, name: string): string {
  const step = /^[\w-]+$/u.test(name) ? `.${name}` : `["${name}"]`;
  return path === '' ? name : path + step;
}

function typeOf(node: JsonSchemaNode): string {
  if (node.anyOf !== undefined) {
    return node.anyOf.map((option) => (typeof option === 'object' ? typeOf(option) : '')).join(' or ');
  }
  if (node.const !== undefined) return code(String(node.const));
  if (node.enum !== undefined) return node.enum.map((value) => code(String(value))).join(' or ');
  if (node.type === 'array')
    return node.maxItems === 0 || !isNode(node.items) ? 'list' : `list of ${typeOf(node.items)}`;
  if (node.type === 'object') return 'mapping';
  if (node.type === 'string') return typeOfText(node.pattern);
  if (node.type === 'boolean') return '`true` or `false`';
  if (node.type === 'null') return '`null`';
  const range = node.minimum === undefined ? '' : `, ${node.minimum} to ${node.maximum}`;
  return `${node.type === 'integer' ? 'whole number' : 'number'}${range}`;
}

function typeOfText(pattern: string | undefined): string {
  if (pattern === DURATION_PATTERN) return 'duration';
  if (pattern?.startsWith(DURATION_PATTERN) === true) return 'duration or `forever`';
  return 'text';
}

function defaultOf(node: JsonSchemaNode, required: boolean): string {
  if (required) return '**required**';
  const words = node['x-default'];
  if (typeof words === 'string') return words;
  if (node.default === undefined || isNode(node.default)) return '';
  return code(JSON.stringify(node.default).replaceAll('"', ''));
}

function typeRows(): readonly Row[] {
  const types = Object.values(DEFAULTS_OF_TYPE);
  const rungs = ({ ladder }: (typeof types)[number]) =>
    ladder
      .map(({ share, bake, approval }) => `${share}: ${bake}${approval ? ' (approval)' : ''}`)
      .join(' · ');
  return [
    [code('spec.ladder'), ...types.map(rungs)],
    [code('spec.pacing.warmUp'), ...types.map(({ warmUp }) => warmUp)],
    [code('spec.pacing.extendFactor'), ...types.map(({ extendFactor }) => String(extendFactor))],
    [code('spec.retention.old'), ...types.map(({ retention }) => retention)],
  ];
}

function rowsOfTypes(): readonly Row[] {
  return FIELDS_OF_TYPES.map(({ path, value, types }) => [
    code(dotted(path)),
    value === null ? 'any' : code(value),
    types.join(', '),
  ]);
}

/** One row for neighbours that differ in nothing but their field. */
function unsupportedRows(): readonly Row[] {
  const rows: { fields: string; readonly what: string; readonly instead: string }[] = [];
  for (const { path, values, instead } of NOT_SUPPORTED_YET) {
    const what = values ?? 'the field';
    const last = rows.at(-1);
    if (last?.what === what && last.instead === instead) last.fields += `, ${code(dotted(path))}`;
    else rows.push({ fields: code(dotted(path)), what, instead });
  }
  return rows.map(({ fields, what, instead }) => [fields, what, instead]);
}

function dotted(path: readonly string[]): string {
  return path.reduce(
    (text, step) => (step.startsWith('[') ? text + step : join(text, step === '*' ? 'NAME' : step)),
    '',
  );
}

function table(head: Row, rows: readonly Row[]): string {
  const lineOf = (cells: Row) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [lineOf(head), lineOf(head.map(() => '---')), ...rows.map(lineOf)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function yaml(text: string): string {
  return `\`\`\`yaml\n${text}\`\`\``;
}

function isNode(value: unknown): value is JsonSchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
