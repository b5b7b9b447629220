/** Pub/Sub CloudEvents around any payload, whole or damaged at each level: envelope, base64, JSON. */
import * as fc from 'fast-check';
import type { CloudEvent } from '../../workflows/door-types.ts';
import { hostileText, hostileValue } from './hostile-json.ts';
import { edit, edited } from './mutate.ts';

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** As Eventarc hands it to a function. */
export const eventOf = (data: string, attributes: Readonly<Record<string, string>> = {}): CloudEvent => ({
  specversion: '1.0',
  type: 'google.cloud.pubsub.topic.v1.messagePublished',
  source: '//pubsub.googleapis.com/projects/acme/topics/t',
  id: '1',
  time: '2026-03-02T09:00:00Z',
  datacontenttype: 'application/json',
  data: {
    subscription: 'projects/acme/subscriptions/s',
    message: { data, attributes, messageId: '1', publishTime: '2026-03-02T09:00:00Z' },
  },
});

/** A value whose JSON would exhaust the stack of whoever walks it by recursion; as text, for nobody here can write it. */
const deepText = fc
  .constantFrom(1_000, 20_000)
  .map(
    (depth) =>
      `{"action":"start","requestId":"1","file":"","manifests":[${'['.repeat(depth)}${']'.repeat(depth)}]}`,
  );

const jsonText = (payload: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  payload.map((value) => JSON.stringify(value ?? null));

/** Texts that are not quite what was meant. */
const damaged = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.nat({ max: 400 }), hostileText).map(([whole, cut, piece]) => whole.slice(0, cut) + piece);

const damagedBase64 = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    text.map((whole) => base64(whole).slice(1)),
    text.map((whole) => base64(base64(whole))),
    text,
    hostileText,
  );

/** An envelope with fields missing, of other types, or twice. */
const damagedEnvelope = (
  data: string,
  payloadEdits: fc.Arbitrary<readonly Parameters<typeof edited>[1][number][]>,
) => payloadEdits.map((edits) => edited(eventOf(data), edits));

/** Mostly a sound envelope with a payload of `payload`; else broken at one of its levels. */
export const events = (payload: fc.Arbitrary<unknown>): fc.Arbitrary<CloudEvent> => {
  const text = jsonText(payload);
  return fc.oneof(
    { weight: 6, arbitrary: text.map((whole) => eventOf(base64(whole))) },
    { weight: 1, arbitrary: damaged(text).map((whole) => eventOf(base64(whole))) },
    { weight: 1, arbitrary: deepText.map((whole) => eventOf(base64(whole))) },
    { weight: 1, arbitrary: damagedBase64(text).map((data) => eventOf(data)) },
    {
      weight: 2,
      arbitrary: text.chain((whole) =>
        damagedEnvelope(base64(whole), fc.array(edit, { minLength: 1, maxLength: 3 })),
      ),
    },
    {
      weight: 1,
      arbitrary: hostileValue.map((data) => ({ ...eventOf(''), data }) as unknown as CloudEvent),
    },
    { weight: 1, arbitrary: text.map((whole) => withoutAttributes(eventOf(base64(whole)))) },
  );
};

/** Pub/Sub leaves out what is empty. */
const withoutAttributes = (event: CloudEvent): CloudEvent => {
  const { attributes: _, ...message } = event.data.message;
  return { ...event, data: { ...event.data, message } } as unknown as CloudEvent;
};
