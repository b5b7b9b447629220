import { describe, expect, test } from 'vitest';
import { createParsedTexts } from '../../../../functions/runtime/parsed-texts.ts';

/** Reads as JSON and counts. */
const aReader = () => {
  let reads = 0;
  return {
    read: (text: string): unknown => {
      reads += 1;
      return JSON.parse(text) as unknown;
    },
    reads: () => reads,
  };
};

describe('texts that a process parsed', () => {
  test('the same text is read once, another one anew', () => {
    const texts = createParsedTexts();
    const { read, reads } = aReader();
    expect([1, 2, 3].map(() => texts.parse('{"a":1}', read))).toEqual([{ a: 1 }, { a: 1 }, { a: 1 }]);
    expect(texts.parse('{"a":2}', read)).toEqual({ a: 2 });
    expect(reads()).toBe(2);
  });

  test('what was just written need not be read', () => {
    const texts = createParsedTexts();
    const written = { a: [1] };
    texts.keep(JSON.stringify(written), written);
    expect(texts.parse('{"a":[1]}')).toBe(written);
  });

  test('only the last few are kept, and those that are asked for again and again', () => {
    const texts = createParsedTexts();
    const { read, reads } = aReader();
    for (let index = 0; index < 1000; index += 1) {
      texts.parse(`[${index}]`, read);
      texts.parse('"always"', read);
    }
    expect(reads()).toBe(1001);
    texts.parse('[0]', read);
    expect(reads()).toBe(1002);
  });

  test('what is no JSON is not kept', () => {
    const texts = createParsedTexts();
    expect(() => texts.parse('{')).toThrow(SyntaxError);
    expect(() => texts.parse('{')).toThrow(SyntaxError);
  });
});
