import { describe, expect, test } from 'vitest';
import { principalOf } from '../../../../functions/http/principal.ts';

const LOCAL = { principal: 'ana@localhost', trustsHeader: false };
const HOST = { host: '127.0.0.1:8080' };

const codeOf = (headers: Readonly<Record<string, string>>, options: Parameters<typeof principalOf>[1]) => {
  const asker = principalOf(headers, options);
  return asker.kind === 'known' ? asker.principal : `${asker.answer.status}`;
};

describe('who asks', () => {
  test('is the environment’s name, for programs of this machine', () => {
    expect(codeOf(HOST, LOCAL)).toBe('ana@localhost');
    expect(codeOf({ host: 'localhost:8080' }, LOCAL)).toBe('ana@localhost');
    expect(codeOf({ host: '[::1]:8080', origin: 'http://[::1]:8080' }, LOCAL)).toBe('ana@localhost');
  });

  test('is nobody without authentication, and nobody is let in', () => {
    expect(codeOf(HOST, { principal: null, trustsHeader: false })).toBe('401');
    expect(codeOf({ ...HOST, 'x-sluice-principal': 'eve' }, { principal: null, trustsHeader: false })).toBe(
      '401',
    );
  });

  test('is not a page in a browser that found the port', () => {
    expect(codeOf({ ...HOST, origin: 'https://evil.example' }, LOCAL)).toBe('403');
    expect(codeOf({ ...HOST, origin: 'null' }, LOCAL)).toBe('403');
    expect(codeOf({ host: 'rebound.example:8080' }, LOCAL)).toBe('403');
    expect(codeOf({ host: '127.0.0.1.evil.example' }, LOCAL)).toBe('403');
    expect(codeOf({}, LOCAL)).toBe('403');
  });

  test('may be named by a header only where the configuration trusts it', () => {
    const named = { ...HOST, 'x-sluice-principal': ' bob@example.com ' };
    expect(codeOf(named, LOCAL)).toBe('ana@localhost');
    expect(codeOf(named, { ...LOCAL, trustsHeader: true })).toBe('bob@example.com');
    expect(codeOf({ ...HOST, 'x-sluice-principal': ' ' }, { principal: null, trustsHeader: true })).toBe(
      '401',
    );
  });
});
