import fc from 'fast-check';
import { applyPatch, createPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import { freeze } from '../../../../simulator/world/kubernetes/json.ts';
import { applyJsonPatch } from '../../../../simulator/world/kubernetes/json-patch.ts';

const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('a', 'b/c', 'd~e'), fc.boolean());
const document = fc.dictionary(
  fc.constantFrom('a', 'b/c', 'd~e', '0'),
  fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'x'), leaf)),
);
const token = fc.constantFrom('a', 'b~1c', 'd~0e', '0', '1', '2', '3', '-', '01', 'x');
const pointer = fc.array(token, { minLength: 1, maxLength: 2 }).map((tokens) => `/${tokens.join('/')}`);
const operation = fc.oneof(
  fc.record({ op: fc.constantFrom('add', 'replace', 'test'), path: pointer, value: leaf }),
  fc.record({ op: fc.constant('remove'), path: pointer }),
  fc.record({ op: fc.constantFrom('copy', 'move'), from: pointer, path: pointer }),
);

type Operations = Parameters<typeof applyPatch>[1];

describe('a JSON Patch', () => {
  test('does what the reference library does, wherever both accept it, and changes nothing in place', () => {
    let patched = 0;
    fc.assert(
      fc.property(document, fc.array(operation, { minLength: 1, maxLength: 3 }), (before, operations) => {
        const given = freeze(structuredClone(before));
        const ours = applyJsonPatch(given, operations);
        expect(given).toEqual(before);
        if (ours.kind !== 'patched') return;
        const theirs = structuredClone(before);
        const errors = applyPatch(theirs, operations as Operations);
        expect({ errors, value: ours.value }).toEqual({ errors: errors.map(() => null), value: theirs });
        patched++;
      }),
      { numRuns: 6000, seed: 7 },
    );
    expect(patched).toBeGreaterThan(300);
  });

  test('leads from any document to any other, along the reference library’s difference', () => {
    fc.assert(
      fc.property(document, document, (before, after) => {
        expect(applyJsonPatch(before, createPatch(before, after))).toEqual({ kind: 'patched', value: after });
      }),
      { numRuns: 1000, seed: 7 },
    );
  });

  test('shares what it does not touch', () => {
    const before = freeze({ a: { b: 1 }, c: [{ d: 1 }, { d: 2 }] });
    const result = applyJsonPatch(before, [{ op: 'replace', path: '/c/1/d', value: 3 }]);
    const value = (result as { value: typeof before }).value;
    expect([value.a === before.a, value.c[0] === before.c[0], value.c[1]]).toEqual([true, true, { d: 3 }]);
    expect(applyJsonPatch(before, [{ op: 'replace', path: '/c/1/d', value: 2 }])).toEqual({
      kind: 'patched',
      value: before,
    });
  });

  test.each([
    ['a test that differs', [{ op: 'test', path: '/a', value: 2 }]],
    ['a replacement of nothing', [{ op: 'replace', path: '/b', value: 2 }]],
    ['a removal of nothing', [{ op: 'remove', path: '/l/2' }]],
    ['an addition below nothing', [{ op: 'add', path: '/x/y', value: 2 }]],
    ['an addition beyond the end', [{ op: 'add', path: '/l/3', value: 2 }]],
    ['an operation that does not exist', [{ op: 'frob', path: '/a' }]],
    ['a path that is no pointer', [{ op: 'add', path: 'a', value: 1 }]],
    ['a move into itself', [{ op: 'move', from: '/o', path: '/o/p' }]],
  ])('fails as a whole at %s', (_, patch) => {
    const good = { op: 'add', path: '/new', value: 1 };
    expect(applyJsonPatch({ a: 1, l: [1, 2], o: {} }, [good, ...patch])).toEqual({ kind: 'failed' });
  });

  test('null passes a test of an absent path, as the real server has it', () => {
    expect(applyJsonPatch({ a: 1 }, [{ op: 'test', path: '/b', value: null }])).toEqual({
      kind: 'patched',
      value: { a: 1 },
    });
  });

  test.each([{ a: 1 }, 'text', [1]])('that is no list of operations cannot be read: %j', (patch) => {
    expect(applyJsonPatch({}, patch)).toEqual({ kind: 'unreadable' });
  });
});
