import { randomUUID } from 'node:crypto';

/** Unlike any other process that ever ran: part of the ids of its commits. */
export const newInstanceId = (): string => randomUUID();
