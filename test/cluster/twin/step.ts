/** One request of the twin tests: sent to the real API server and to the simulated one in the same order. */
import type { ApiAnswer, ApiClient, ApiRequest } from '../control-plane/api-client.ts';

/** What earlier answers of the same server said. */
export interface Memory {
  uid(step: string): string;
  version(step: string): string;
  /** Where the next page begins. */
  next(step: string): string;
}

export interface Step {
  /** Names it in the list of known differences; once only. */
  readonly name: string;
  /** Default: who may do everything. */
  readonly as?: 'powerless' | 'stranger';
  readonly request: ApiRequest | ((memory: Memory) => ApiRequest);
  /** Not compared: it only prepares. */
  readonly prepares?: boolean;
}

/** An answer with its body read. */
export interface TwinAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: unknown;
}

export type Clients = Readonly<Record<'admin' | 'powerless' | 'stranger', ApiClient>>;

const readBody = ({ text }: ApiAnswer): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

const textIn = (body: unknown, ...path: readonly string[]): string => {
  let value: unknown = body;
  for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key];
  return typeof value === 'string' ? value : '';
};

/** Sends all steps, one after the other. */
export const play = async (
  clients: Clients,
  steps: readonly Step[],
): Promise<ReadonlyMap<string, TwinAnswer>> => {
  const answers = new Map<string, TwinAnswer>();
  const of = (step: string): unknown => answers.get(step)?.body;
  const memory: Memory = {
    uid: (step) => textIn(of(step), 'metadata', 'uid'),
    version: (step) => textIn(of(step), 'metadata', 'resourceVersion'),
    next: (step) => textIn(of(step), 'metadata', 'continue'),
  };
  for (const step of steps) {
    if (answers.has(step.name)) throw new Error(`two steps are called ${step.name}`);
    const request = typeof step.request === 'function' ? step.request(memory) : step.request;
    const answer = await clients[step.as ?? 'admin'].send(request);
    const type = answer.contentType.split(';')[0] ?? '';
    answers.set(step.name, { status: answer.status, type, body: readBody(answer) });
  }
  return answers;
};
