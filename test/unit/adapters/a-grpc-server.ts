import { type Metadata, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';

export interface GrpcCall {
  readonly request: Readonly<Record<string, unknown>>;
  on(event: 'cancelled', listener: () => void): void;
}

/** What a method does: answers, or does not. `error.code` is the number of a status. */
export type GrpcMethod = (
  call: GrpcCall,
  answer: (
    error: { readonly code: number; readonly details?: string; readonly metadata?: Metadata } | null,
    message?: object,
  ) => void,
) => void;

export interface GrpcServer {
  readonly address: string;
  /** Requests so far, by method. */
  readonly seen: readonly string[];
  /** As if the process were killed: connections end in mid-call. */
  readonly kill: () => void;
}

export interface GrpcServerOptions {
  readonly definition: ServiceDefinition;
  readonly methods: Readonly<Record<string, GrpcMethod>>;
  /** 0: a free one. */
  readonly port?: number;
}

/** A gRPC server on loopback that does what the test says. */
export const aGrpcServer = async ({
  definition,
  methods,
  port = 0,
}: GrpcServerOptions): Promise<GrpcServer> => {
  const server = new Server();
  const seen: string[] = [];
  server.addService(
    definition,
    Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [
        name,
        (...[call, answer]: Parameters<GrpcMethod>): void => {
          seen.push(name);
          method(call, answer);
        },
      ]),
    ),
  );
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    );
  });
  return { address: `127.0.0.1:${bound}`, seen, kill: () => server.forceShutdown() };
};
