import type { ServerResponse } from 'node:http';

/** Events of a stream's body, each as it goes over the wire. The world writes one event a line. */
export const eventsOf = (body: string): readonly string[] =>
  body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${line}\n\n`);

/** Writes all events of a body at once. Source: WHATWG, server-sent events. */
export function writeEventStream(response: ServerResponse, body: string): void {
  response.write(eventsOf(body).join(''));
}
