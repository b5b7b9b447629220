/** Values that JSON can say and nobody means: for every field of everything that is parsed. */
import * as fc from 'fast-check';

/** Names that mean something to JavaScript, to Kubernetes or to Sluice, where a value is awaited. */
const WORDS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  '\u202e',
  '\uFEFF',
  '\r\n',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'length',
  '-1',
  '0',
  '1e999',
  'NaN',
  'Infinity',
  '0x10',
  'null',
  'true',
  'True',
  'False',
  '2026-03-02',
  '2026-13-45T99:99:99Z',
  '../../etc/passwd',
  '/',
  '~1',
  '%2e%2e%2f',
  'llm',
  'llm-new',
  'serving',
  'Service',
  'InferencePool',
  'inference.networking.k8s.io',
  'x'.repeat(5_000),
] as const;

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);

/** `1e999` is how JSON says infinity. */
export const hostileNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    -1,
    0.1,
    1.5,
    1001,
    2 ** 31,
    2 ** 53,
    1e21,
    1e308,
    5e-324,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ),
  fc.integer({ min: -2, max: 200 }),
  fc.double({ noNaN: true }),
);

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  hostileNumber,
  hostileText,
  fc.constant([]),
  fc.constant({}),
);

/** Sets an own field, also where the name is `__proto__`. */
export const setField = (object: object, key: string | number, value: unknown): void => {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
};

const objectOf = (entries: readonly (readonly [string, unknown])[]): object => {
  const object = {};
  for (const [key, value] of entries) setField(object, key, value);
  return object;
};

/** `depth` lists or maps, one in the other. */
export const nested = (depth: number, isList: boolean): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = isList ? [value] : { a: value };
  return value;
};

/** Any JSON, up to three levels, now and then a thousand; fields called `__proto__` among them. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: leaf },
  { weight: 2, arbitrary: fc.array(leaf, { maxLength: 3 }) },
  { weight: 2, arbitrary: fc.array(fc.tuple(hostileText, leaf), { maxLength: 3 }).map(objectOf) },
  { weight: 1, arbitrary: fc.array(fc.array(fc.tuple(hostileText, leaf), { maxLength: 2 }).map(objectOf)) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(10, 100, 1_000), fc.boolean()).map((at) => nested(...at)),
  },
);
