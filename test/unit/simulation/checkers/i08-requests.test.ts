import { describe, expect, test } from 'vitest';
import { appliedOnce } from '../../../simulation/checkers/i08-applied-once.ts';
import type { Seen, SeenEntry, Sighting } from '../../../simulation/seen.ts';
import { aHistory, answered, commanded, published, restored, secondsMs, sent } from './a-history.ts';
import { anOrder, sentences } from './a-seen.ts';

const order = anOrder();

const started = published(1, {
  seq: 1,
  message: { kind: 'started', messageId: 'request/q-1' },
  from: '',
  to: 'queued',
});

const approval = (seq: number, at: number, change: Partial<SeenEntry> = {}): Sighting =>
  published(at, {
    seq,
    message: commanded('approve', 'approve-1', { stepEntry: `r-1/${seq - 1}` }),
    ...change,
  });

const history = (more: readonly Sighting[], endAt?: number): Seen =>
  aHistory([order], [sent(0, { id: 'q-1', action: 'start', rolloutId: null }), started, ...more], endAt);

const told = (more: readonly Sighting[], endAt?: number): readonly string[] =>
  sentences(appliedOnce(history(more, endAt)));

const base64 = (json: unknown): string =>
  JSON.stringify({ message: { data: btoa(JSON.stringify(json)), attributes: {} } });

const aside = (reason: string, text: string): Sighting => ({
  kind: 'rejected',
  atMs: secondsMs(90_000),
  id: 'on-request/7',
  reason,
  text,
});

const byMessage = sent(5, { via: 'requests' });

describe('I8: a request is applied once or refused', () => {
  test('applied and answered so', () => {
    expect(told([sent(5), approval(2, 6), answered(7)])).toStrictEqual([]);
  });

  test('refused and answered so', () => {
    const refused = approval(2, 6, { refusal: 'nothing waits' });
    expect(told([sent(5), refused, answered(7, { status: 409, code: 'refused' })])).toStrictEqual([]);
  });

  test('applied twice', () => {
    const second = approval(3, 8, { message: commanded('approve', 'approve-1', { stepEntry: 'r-1/2' }) });
    expect(told([sent(5), approval(2, 6), second])).toStrictEqual([
      'approve approve-1 was applied 2 times: entry 2 of r-1, entry 3 of r-1',
      'command request/approve-1 was applied by entry 2 and again by entry 3',
    ]);
  });

  test('one start that made two rollouts', () => {
    const twin = published(2, {
      rolloutId: 'r-9',
      seq: 1,
      message: { kind: 'started', messageId: 'request/q-1' },
    });
    expect(told([twin])).toStrictEqual(['start q-1 was applied 2 times: entry 1 of r-1, entry 1 of r-9']);
  });

  test('refused first and applied later', () => {
    const refused = approval(2, 6, { refusal: 'not now' });
    expect(told([byMessage, refused, approval(3, 90)])).toStrictEqual([
      'approve approve-1 was refused by entry 2 of r-1 ("not now") and applied by entry 3 of r-1',
    ]);
  });

  test('said to be done, and refused or unknown', () => {
    const refused = approval(2, 6, { refusal: 'not now' });
    expect(told([sent(5), refused, answered(7)])).toStrictEqual([
      'approve approve-1 was answered 200 applied, but entry 2 of r-1 refused it: "not now"',
    ]);
    expect(told([sent(5), answered(7)])).toStrictEqual([
      'approve approve-1 was answered 200 applied, and no journal knows of it',
    ]);
  });

  test('a rollback by record is done without an applied command', () => {
    expect(told([sent(5), answered(7, { status: 202, code: 'rolled-back-by-record' })])).toStrictEqual([]);
  });

  test('said to be refused, and applied', () => {
    const contended = answered(7, { status: 409, code: 'commit-contended' });
    expect(told([sent(5), approval(2, 6), contended])).toStrictEqual([
      'approve approve-1 was answered 409 commit-contended, but entry 2 of r-1 applied it',
    ]);
  });

  test('who asks again after a refusal may be luckier, and after the end hears of that', () => {
    const refusal = answered(7, { status: 409, code: 'pool-locked' });
    expect(told([sent(5), refusal, sent(8), approval(2, 9), answered(10)])).toStrictEqual([]);
    const end = published(10, { seq: 3, from: 'rollingBack', to: 'failed' });
    const over = answered(30, { status: 409, code: 'finished' });
    expect(told([sent(5), approval(2, 6), end, sent(20), over])).toStrictEqual([]);
  });

  test('an answer of 500 or 503 leaves everything open', () => {
    const away = answered(7, { status: 503, code: 'store-away' });
    expect(told([sent(5), away])).toStrictEqual([]);
    expect(told([sent(5), approval(2, 6), away])).toStrictEqual([]);
  });

  test('a message that vanished', () => {
    expect(told([byMessage])).toStrictEqual(['approve approve-1 vanished: neither applied nor refused']);
  });

  test('a message that was set aside, given up, or sent in the last minutes has not vanished', () => {
    const text = base64({ action: 'approve', requestId: 'approve-1' });
    expect(told([byMessage, aside('rollout-missing: no', text)])).toStrictEqual([]);
    const cut = text.slice(0, text.length - 20);
    expect(told([byMessage, aside('rollout-missing: no', cut)])).toStrictEqual([]);
    const givenUp: Sighting = {
      kind: 'givenUp',
      atMs: secondsMs(90_000),
      topic: 'requests',
      text: JSON.stringify({ action: 'approve', requestId: 'approve-1' }),
    };
    expect(told([byMessage, givenUp])).toStrictEqual([]);
    expect(told([byMessage], 60)).toStrictEqual([]);
  });

  test('set aside and applied, unless it was repeated after the end', () => {
    const text = base64({ requestId: 'approve-1' });
    expect(told([byMessage, approval(2, 6), aside('finished: over', text)])).toStrictEqual([]);
    expect(told([byMessage, approval(2, 6), aside('start-contended: no', text)])).toStrictEqual([
      'approve approve-1 was set aside ("start-contended: no") and applied by entry 2 of r-1',
    ]);
  });

  test('a freeze leaves no trace in a journal', () => {
    const freeze = sent(5, { via: 'requests', id: 'freeze-1', action: 'freeze', rolloutId: null });
    expect(told([freeze])).toStrictEqual([]);
  });

  test('a document that was set back forgets what it applied', () => {
    expect(told([sent(5), answered(7), restored(8)])).toStrictEqual([]);
    expect(told([sent(5), approval(2, 6), approval(3, 20), restored(10)])).toStrictEqual([]);
  });
});
