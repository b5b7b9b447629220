import { describe, expect, test } from 'vitest';
import { InvariantError, RetryableError } from '../../../../workflows/errors.ts';
import { parseDocument } from '../../../../workflows/rollout/parse-document.ts';
import { aDocument } from '../../../helpers/stored-records.ts';

function failure(value: unknown): unknown {
  try {
    return { parsed: parseDocument(value) };
  } catch (error) {
    return error;
  }
}

describe('parsing a stored document', () => {
  test('gives back what a sound one holds', () => {
    expect(parseDocument(JSON.parse(JSON.stringify(aDocument())))).toEqual(aDocument());
  });

  test('leaves a newer schema to a newer instance, whatever else is in it', () => {
    for (const newer of [{ schemaVersion: 2 }, { ...aDocument(), schemaVersion: 7, more: 1 }]) {
      const error = failure(newer);
      expect(error).toBeInstanceOf(RetryableError);
      expect(error).toMatchObject({ code: 'document-newer' });
    }
  });

  test('names the field that is wrong', () => {
    const [timer] = aDocument().timers;
    const broken: readonly (readonly [unknown, string])[] = [
      [{ ...aDocument(), fence: '3' }, 'fence'],
      [{ ...aDocument(), timers: [{ ...timer, dueAtMs: null }] }, 'timers.0.dueAtMs'],
      [{ ...aDocument(), colour: 'red' }, 'colour'],
      [{ ...aDocument(), schemaVersion: 0 }, 'schemaVersion'],
      [{ ...aDocument(), lastNowMs: Number.POSITIVE_INFINITY }, 'lastNowMs'],
      ['a text', 'document'],
      [null, 'document'],
    ];
    for (const [value, field] of broken) {
      const error = failure(value);
      expect(error).toBeInstanceOf(InvariantError);
      expect(error).toMatchObject({ code: 'document-broken', message: expect.stringContaining(field) });
    }
  });
});
