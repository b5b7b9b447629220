import type { CloudEvent } from '../../workflows/door-types.ts';

/** A message of a topic; delivered again it keeps its id. */
export interface TopicMessage {
  readonly topic: string;
  readonly messageId: string;
  readonly json: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly publishedAtMs: number;
}

/** The message as Eventarc hands it to a function. */
export function cloudEventOf(message: TopicMessage, project: string): CloudEvent {
  const { topic, messageId, json, attributes } = message;
  const time = new Date(message.publishedAtMs).toISOString();
  return {
    specversion: '1.0',
    type: 'google.cloud.pubsub.topic.v1.messagePublished',
    source: `//pubsub.googleapis.com/projects/${project}/topics/${topic}`,
    id: messageId,
    time,
    datacontenttype: 'application/json',
    data: {
      subscription: `projects/${project}/subscriptions/${topic}`,
      message: {
        data: Buffer.from(json, 'utf8').toString('base64'),
        attributes,
        messageId,
        publishTime: time,
      },
    },
  };
}
