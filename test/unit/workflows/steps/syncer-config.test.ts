import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import {
  askAway,
  askFor,
  forget,
  forgetAway,
  readSyncerConfig,
  type SyncerEdit,
} from '../../../../workflows/steps/syncer-config.ts';
import { sharedPath } from '../../../helpers/shared.ts';

const NEW = { id: 'food-review-2', source: 'gs://lora/food-review-2' };
const OLD = 'food-review-1';

const textOf = (edit: SyncerEdit): string => {
  if (edit.kind === 'unfit') throw new Error(edit.why);
  return edit.text;
};

/** The ConfigMap of the stack of the page. */
const published = (): string | null => {
  const path = sharedPath('manifests', 'gaie-v1.0.1', 'gpu-deployment.yaml');
  if (path === null) return null;
  for (const document of parseAllDocuments(readFileSync(path, 'utf8'))) {
    const object = document.toJS() as { kind: string; data?: Record<string, string> };
    if (object.kind === 'ConfigMap') return object.data?.['configmap.yaml'] ?? null;
  }
  return null;
};

const COMMENTED = `# kept by the platform team
vLLMLoRAConfig:
  name: adapters   # the deployment's
  host: localhost
  ensureExist:
    models:
      # reviews
      - id: food-review-1 # since May
        source: Kawon/llama3.1-food-finetune_v14_r8
        base-model: meta-llama/Llama-3.1-8B-Instruct

      - base-model: x
        source: "gs://lora/cad"
        id: 'cad'   # the last

  # nothing is unloaded
  port: 8000
`;

describe('asking for a new version', () => {
  test.runIf(published() !== null)(
    'adds two lines to the published configuration, and takes them out again',
    () => {
      const before = published() ?? '';
      const asked = textOf(askFor(before, NEW, OLD));
      expect(asked).toBe(`${before}    - id: food-review-2\n      source: gs://lora/food-review-2\n`);
      expect(textOf(forget(asked, NEW.id))).toBe(before);
    },
  );

  test('keeps comments, order and indentation, and names the base model as the old version does', () => {
    const asked = textOf(askFor(COMMENTED, NEW, OLD));
    expect(asked).toBe(
      COMMENTED.replace(
        "        id: 'cad'   # the last\n",
        `        id: 'cad'   # the last
      - id: food-review-2
        source: gs://lora/food-review-2
        base-model: meta-llama/Llama-3.1-8B-Instruct
`,
      ),
    );
  });

  test('takes the base model by the other spelling too', () => {
    const text = COMMENTED.replace('base-model: meta', 'baseModel: meta');
    expect(readSyncerConfig(text)?.exist[0]).toEqual({
      id: OLD,
      source: 'Kawon/llama3.1-food-finetune_v14_r8',
      base: { key: 'baseModel', value: 'meta-llama/Llama-3.1-8B-Instruct' },
    });
    expect(textOf(askFor(text, NEW, OLD))).toContain(
      '        source: gs://lora/food-review-2\n        baseModel: meta-llama/Llama-3.1-8B-Instruct\n',
    );
  });

  test('changes nothing where it is asked for already', () => {
    expect(textOf(askFor(COMMENTED, { id: 'cad', source: 'elsewhere' }, OLD))).toBe(COMMENTED);
  });

  test('takes the id out of what is to be unloaded, since the sidecar skips an id that stands in both', () => {
    const away = textOf(askAway(COMMENTED, NEW));
    const asked = textOf(askFor(away, NEW, 'nobody'));
    expect(readSyncerConfig(asked)?.absent).toEqual([]);
    expect(textOf(forget(asked, NEW.id))).toBe(COMMENTED);
  });
});

describe('unloading', () => {
  test('moves the entry to a section of its own, with the source that the sidecar reads there too', () => {
    expect(textOf(askAway(COMMENTED, { id: 'cad', source: 'gs://lora/cad' }))).toBe(
      COMMENTED.replace(
        `      - base-model: x
        source: "gs://lora/cad"
        id: 'cad'   # the last
`,
        '',
      ).replace(
        '  port: 8000\n',
        `  port: 8000\n  ensureNotExist:\n    models:\n    - id: cad\n      source: gs://lora/cad\n`,
      ),
    );
  });

  test('leaves an empty list, never a list without a value, which would break the sidecar', () => {
    const one = 'vLLMLoRAConfig:\n  ensureExist:\n    models:\n    - id: a\n      source: b\n  port: 1\n';
    expect(textOf(forget(one, 'a'))).toBe('vLLMLoRAConfig:\n  ensureExist:\n    models: []\n  port: 1\n');
  });

  test('leaves what is asked for when only the order to unload is taken back', () => {
    const both = textOf(askAway(COMMENTED, NEW));
    expect(textOf(forgetAway(both, NEW.id))).toBe(COMMENTED);
    expect(textOf(forgetAway(COMMENTED, OLD))).toBe(COMMENTED);
  });
});

describe('texts that cannot be edited', () => {
  test.each([
    ['no YAML', 'vLLMLoRAConfig: [', 'it is no YAML text with vLLMLoRAConfig'],
    ['something else', 'adapters: []', 'it is no YAML text with vLLMLoRAConfig'],
    [
      'a list that is a text',
      'vLLMLoRAConfig: { ensureExist: { models: none } }',
      'vLLMLoRAConfig.ensureExist.models is no list that can be edited',
    ],
    [
      'a section without a list',
      'vLLMLoRAConfig:\n  ensureExist:\n  port: 1\n',
      'vLLMLoRAConfig.ensureExist.models is no list that can be edited',
    ],
    [
      'a list that is shared by an alias',
      'x: &a [{ id: a, source: b }]\nvLLMLoRAConfig:\n  ensureExist:\n    models: *a\n',
      'vLLMLoRAConfig.ensureExist.models is no list that can be edited',
    ],
    ['two documents', `${COMMENTED}---\na: 1\n`, 'it is no YAML text with vLLMLoRAConfig'],
  ])('%s', (_, text, why) => {
    expect(askFor(text, NEW, OLD)).toEqual({ kind: 'unfit', why });
  });
});

// ------------------------------------------------------------------------------------------------ any text

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/).filter((one) => one !== NEW.id);
const source = fc.oneof(
  fc.webUrl(),
  fc.constantFrom('Kawon/llama3.1-food', './adapters/a b', 'a: b', '# c', "it's", '"q"', 'yes', '1e3', ' x'),
);
const entry = fc.record({ id: name, source, base: fc.boolean(), comment: fc.boolean(), gap: fc.boolean() });

interface Shape {
  readonly entries: readonly { id: string; source: string; base: boolean; comment: boolean; gap: boolean }[];
  readonly away: readonly string[] | null;
  readonly dent: number;
  readonly indent: number;
  readonly flow: boolean;
  readonly crlf: boolean;
  readonly ends: boolean;
  readonly last: boolean;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  entries: fc.uniqueArray(entry, { maxLength: 4, selector: ({ id }) => id }),
  away: fc.option(fc.uniqueArray(name, { maxLength: 2 })),
  dent: fc.constantFrom(2, 4),
  indent: fc.constantFrom(0, 2),
  flow: fc.boolean(),
  crlf: fc.boolean(),
  ends: fc.boolean(),
  last: fc.boolean(),
});

const quoted = (text: string): string => JSON.stringify(text);

const draw = (given: Shape): string => {
  const one = ' '.repeat(given.dent);
  const list = (entries: Shape['entries']): readonly string[] => {
    const dash = one.repeat(2) + ' '.repeat(given.indent);
    if (entries.length === 0) return [`${one}${one}models: []  # none`];
    if (given.flow)
      return [
        `${one}${one}models: [ ${entries.map((each) => `{id: ${quoted(each.id)}, source: ${quoted(each.source)}}`).join(' , ')} ]`,
      ];
    return [
      `${one}${one}models:`,
      ...entries.flatMap((each) => [
        ...(each.comment ? [`${dash}# ${each.id}`] : []),
        `${dash}- id: ${quoted(each.id)}  # id`,
        `${dash}  source: ${quoted(each.source)}`,
        ...(each.base ? [`${dash}  base-model: b`] : []),
        ...(each.gap ? [''] : []),
      ]),
    ];
  };
  const plain = (id: string): Shape['entries'][number] => ({
    id,
    source: 's',
    base: false,
    comment: false,
    gap: false,
  });
  const lines = [
    '# adapters',
    'vLLMLoRAConfig:',
    `${one}name: a`,
    `${one}ensureExist:`,
    ...list(given.entries),
    ...(given.away === null ? [] : [`${one}ensureNotExist:`, ...list(given.away.map(plain))]),
    ...(given.last ? [] : [`${one}port: 8000 # the server's`, '', '# end']),
  ];
  return lines.join(given.crlf ? '\r\n' : '\n') + (given.ends ? (given.crlf ? '\r\n' : '\n') : '');
};

interface Read {
  vLLMLoRAConfig: { ensureExist: { models: unknown[] }; ensureNotExist?: { models: unknown[] } };
}

const linesOf = (text: string): readonly string[] => text.split(/\r?\n/);

/** Lines of the first text between what both begin with and what both end with. */
const changedLines = (before: readonly string[], after: readonly string[]): readonly string[] => {
  let head = 0;
  while (head < before.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < before.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  return before.slice(head, before.length - tail);
};

test('any text: the one entry comes and goes, and every other line stays byte for byte', () => {
  const seen = { texts: 0, flow: 0, moved: 0 };
  fc.assert(
    fc.property(shape, source, (given, from) => {
      const before = draw(given);
      const wanted = { id: NEW.id, source: from };
      const was = parse(before) as Read;
      const asked = textOf(askFor(before, wanted, 'nobody'));
      expect(parse(asked)).toEqual({
        ...was,
        vLLMLoRAConfig: {
          ...was.vLLMLoRAConfig,
          ensureExist: { models: [...was.vLLMLoRAConfig.ensureExist.models, wanted] },
        },
      });
      expect(textOf(forget(asked, NEW.id))).toBe(before);
      const away = textOf(askAway(asked, wanted));
      const absent = was.vLLMLoRAConfig.ensureNotExist?.models ?? [];
      expect(parse(away)).toEqual({
        ...was,
        vLLMLoRAConfig: { ...was.vLLMLoRAConfig, ensureNotExist: { models: [...absent, wanted] } },
      });
      expect(textOf(forgetAway(away, NEW.id))).toBe(before);
      // Line for line: lines were put in at one place, or one line that holds a list in brackets was changed.
      const changed = changedLines(linesOf(before), linesOf(asked));
      expect(changed.every((line) => line.includes('models: ['))).toBe(true);
      expect(changed.length).toBeLessThanOrEqual(1);
      seen.texts += 1;
      if (changed.length === 1) seen.flow += 1;
      if (given.away !== null) seen.moved += 1;
    }),
    { numRuns: 500 },
  );
  console.log(`${seen.texts} texts, ${seen.flow} with a list in brackets, ${seen.moved} that unload others`);
  expect(Math.min(seen.texts, seen.flow, seen.moved)).toBeGreaterThan(50);
});

test('any text: an entry of others is taken out alone', () => {
  let cut = 0;
  fc.assert(
    fc.property(shape, fc.nat(), (given, pick) => {
      const gone = given.entries[pick % Math.max(1, given.entries.length)];
      if (gone === undefined) return;
      const before = draw({ ...given, away: null });
      const was = parse(before) as Read;
      expect(parse(textOf(forget(before, gone.id)))).toEqual({
        ...was,
        vLLMLoRAConfig: {
          ...was.vLLMLoRAConfig,
          ensureExist: {
            models: was.vLLMLoRAConfig.ensureExist.models.filter(
              (model) => (model as { id: string }).id !== gone.id,
            ),
          },
        },
      });
      cut += 1;
    }),
    { numRuns: 300 },
  );
  console.log(`${cut} entries taken out`);
  expect(cut).toBeGreaterThan(100);
});
