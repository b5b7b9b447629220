import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { rolloutJsonSchema } from '../../../workflows/spec/json-schema.ts';
import { NOT_IN_THIS_VERSION } from '../../../workflows/spec/not-in-this-version.ts';
import { findNotSupportedYet, NOT_SUPPORTED_YET } from '../../../workflows/spec/not-supported-yet.ts';
import { rolloutFileReference } from '../../../workflows/spec/reference.ts';
import { BROKEN_CASES } from './broken/cases.ts';

const root = join(import.meta.dirname, '../../..');
const folder = join(import.meta.dirname, 'valid');
const text = (name: string): string => readFileSync(join(folder, `${name}.yaml`), 'utf8');
const validate = new Ajv2020({ strict: true, strictRequired: false, allErrors: true }).compile(
  rolloutJsonSchema(),
);

/** What only `validate` finds: relations between values, and what patterns cannot say. */
const NOT_IN_JSON_SCHEMA = new Set([
  'bad-label',
  'bad-time-zone',
  'capacity-choice',
  'deadline-too-short',
  'duplicate-item',
  'duration-too-long',
  'duration-too-short',
  'empty-window',
  'expiry-not-accepted',
  'last-rung-not-100',
  'needless-field',
  'nodes-uneven',
  'number-precision',
  'same-name',
  'same-pool',
  'share-not-growing',
]);

describe('the JSON Schema', () => {
  test('accepts every valid file', () => {
    for (const file of readdirSync(folder)) {
      validate(parse(readFileSync(join(folder, file), 'utf8')));
      expect([file, validate.errors ?? []]).toEqual([file, []]);
    }
  });

  test('refuses every broken file but for what it cannot say', () => {
    const counts = { refused: 0, beyond: 0 };
    for (const { name, base, find, replace, code, path } of BROKEN_CASES) {
      if (path === '' || code.startsWith('yaml-') || code.endsWith('-alias')) continue;
      if (['duplicate-key', 'forbidden-key', 'merge-key', 'key-not-text'].includes(code)) continue;
      const accepted = validate(parse(text(base).replace(find, () => replace)));
      if (NOT_IN_JSON_SCHEMA.has(code)) {
        counts.beyond += 1;
        continue;
      }
      expect([name, accepted]).toEqual([name, false]);
      counts.refused += 1;
    }
    console.log(`JSON Schema: ${counts.refused} broken files refused, ${counts.beyond} beyond it`);
    expect(counts.refused).toBeGreaterThan(70);
  });

  test('says the meaning of every field', () => {
    const silent: string[] = [];
    JSON.stringify(rolloutJsonSchema().properties, (key, value: unknown) => {
      if (key === 'properties' && typeof value === 'object' && value !== null) {
        for (const [name, field] of Object.entries(value as Record<string, { description?: string }>)) {
          if (name === 'to' || field.description !== undefined || Object.keys(field).length === 0) continue;
          silent.push(name);
        }
      }
      return key === 'if' || key === 'then' || key === 'else' ? undefined : value;
    });
    expect(silent).toEqual([]);
  });
});

describe('what is not built', () => {
  test('is met by a broken file, each field and value', () => {
    const met = new Set(
      BROKEN_CASES.filter(({ code }) => code === 'not-supported-yet').flatMap(({ base, find, replace }) =>
        findNotSupportedYet(parse(text(base).replace(find, () => replace))).faults.map(({ mend }) => mend),
      ),
    );
    const promised = NOT_SUPPORTED_YET.map(({ instead }) => `Supported in this version: ${instead}.`);
    const unmet = promised.filter((mend) => !met.has(mend));
    expect(unmet).toEqual([]);
  });

  test('has a place in the reference, and so has every replaced default', () => {
    const reference = rolloutFileReference();
    expect(NOT_IN_THIS_VERSION.length).toBeGreaterThan(5);
    for (const { field, instead } of NOT_IN_THIS_VERSION) {
      expect(reference).toContain(`| \`${field}\` |`);
      expect(reference).toContain(instead);
    }
  });
});

describe('the generated pages', () => {
  test('are those in docs', () => {
    // Stale? Run: node scripts/write-docs.ts
    expect(readFileSync(join(root, 'docs/rollout-file.md'), 'utf8')).toBe(rolloutFileReference());
    const schema: unknown = JSON.parse(readFileSync(join(root, 'docs/rollout-schema.json'), 'utf8'));
    expect(schema).toEqual(JSON.parse(JSON.stringify(rolloutJsonSchema())));
  });
});
