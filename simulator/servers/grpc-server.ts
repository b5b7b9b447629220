import {
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import type { Gate, GatedCall } from './gate.ts';
import { createDetailWriter } from './grpc-protos.ts';
import type { RunningServer } from './hosted-world.ts';

/** What a method comes to. Silence: whoever asked waits until it gives up, or the server closes. */
export type GrpcReply =
  | { readonly kind: 'message'; readonly message: object }
  | {
      readonly kind: 'error';
      /** Name of a gRPC status. */
      readonly code: string;
      readonly message: string;
      readonly reason?: string;
    }
  | { readonly kind: 'silence' };

/** By name as in the proto. A request has the fields that were set, enums by name. */
export type GrpcMethods = Readonly<Record<string, (request: Readonly<Record<string, unknown>>) => GrpcReply>>;

export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly methods: GrpcMethods;
}

export interface GrpcServerOptions {
  readonly services: readonly GrpcService[];
  /** Of the reasons of errors, e.g. `container.googleapis.com`. */
  readonly domain: string;
  readonly port?: number;
  /** A test's, with the name that the calls have there. */
  readonly gate?: { readonly server: GatedCall['server']; readonly ask: Gate | undefined };
}

const codeOf = (name: string): status =>
  (status as unknown as Readonly<Record<string, status>>)[name] ?? status.UNKNOWN;

const replyOf = (methods: GrpcMethods, name: string, request: unknown): GrpcReply => {
  const method = methods[name];
  if (method === undefined)
    return { kind: 'error', code: 'UNIMPLEMENTED', message: `${name} is not simulated.` };
  try {
    return method(request as Readonly<Record<string, unknown>>);
  } catch (error) {
    return {
      kind: 'error',
      code: 'INTERNAL',
      message: error instanceof Error ? error.message : String(error),
    };
  }
};

const BROKEN: GrpcReply = { kind: 'error', code: 'UNAVAILABLE', message: 'The connection broke.' };

/** What the method comes to, by way of a test's gate. */
const passGate = async (
  { server, ask }: NonNullable<GrpcServerOptions['gate']>,
  called: Pick<GatedCall, 'method' | 'body'>,
  work: () => GrpcReply,
): Promise<GrpcReply> => {
  const call: GatedCall = { ...called, server, cluster: null, url: '' };
  if ((await ask?.(call, { kind: 'arrived' })) === 'drop') return BROKEN;
  const answer = work();
  return (await ask?.(call, { kind: 'applied', status: 0, answer })) === 'drop' ? BROKEN : answer;
};

/** A gRPC server on loopback, without encryption; unary methods only. What it has no method for is UNIMPLEMENTED. */
export const startGrpcServer = async (options: GrpcServerOptions): Promise<RunningServer> => {
  const { services, domain, port = 0 } = options;
  const server = new Server();
  const writeDetail = createDetailWriter();
  let requests = 0;
  const metadataOf = ({ code, message, reason }: Extract<GrpcReply, { kind: 'error' }>): Metadata => {
    const metadata = new Metadata();
    if (reason !== undefined)
      metadata.set('grpc-status-details-bin', writeDetail({ code: codeOf(code), message, reason, domain }));
    return metadata;
  };
  for (const { definition, methods } of services) {
    const handlers: Record<string, UntypedHandleCall> = {};
    for (const name of Object.keys(definition)) {
      handlers[name] = (
        call: { readonly request: unknown },
        answer: (error: object | null, message?: object) => void,
      ): void => {
        requests++;
        const say = (reply: GrpcReply): void => {
          if (reply.kind === 'message') answer(null, reply.message);
          if (reply.kind === 'error')
            answer({ code: codeOf(reply.code), details: reply.message, metadata: metadataOf(reply) });
        };
        const reply = (): GrpcReply => replyOf(methods, name, call.request);
        if (options.gate?.ask === undefined) say(reply());
        else void passGate(options.gate, { method: name, body: call.request }, reply).then(say);
      };
    }
    server.addService(definition, handlers);
  }
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${bound}`,
    requests: () => requests,
    // At once, calls under way included.
    close: async () => server.forceShutdown(),
  };
};
