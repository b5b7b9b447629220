/** The messages and services of Google's client libraries, as the libraries in node_modules describe them. */
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON, loadSync, type MessageTypeDefinition, type Options } from '@grpc/proto-loader';

type Json = Parameters<typeof fromJSON>[0];

const require = createRequire(import.meta.url);

/** Unset stays absent, as the world has it. */
const AS_SET: Options = { longs: String, enums: String, defaults: false };

const PROTOS = {
  container: '@google-cloud/container/build/protos/protos.json',
  monitoring: '@google-cloud/monitoring/build/protos/protos.json',
} as const;

/** Half a second each: once per process. */
const loaded = new Map<string, ReturnType<typeof fromJSON>>();

const definitionsOf = (path: string): ReturnType<typeof fromJSON> => {
  const known = loaded.get(path) ?? fromJSON(require(path) as Json, AS_SET);
  loaded.set(path, known);
  return known;
};

/** @param name Full name, e.g. `google.container.v1.ClusterManager`. */
export const serviceOf = (library: keyof typeof PROTOS, name: string): ServiceDefinition => {
  const definition = definitionsOf(PROTOS[library])[name];
  if (definition === undefined) throw new Error(`${PROTOS[library]} has no ${name}`);
  return definition as ServiceDefinition;
};

type Message = MessageTypeDefinition<object, object>;

export interface ErrorDetail {
  /** Number of google.rpc.Code. */
  readonly code: number;
  readonly message: string;
  readonly reason: string;
  readonly domain: string;
}

/** Writes google.rpc.Status with a google.rpc.ErrorInfo, as `grpc-status-details-bin` carries it. */
export const createDetailWriter = (): ((detail: ErrorDetail) => Buffer) => {
  // The libraries' common protos lie with the library that both depend on.
  const gax = createRequire(require.resolve('@google-cloud/container')).resolve('google-gax');
  const folder = resolve(dirname(gax), '../protos');
  const definitions = loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto'], {
    ...AS_SET,
    includeDirs: [folder],
  });
  const status = definitions['google.rpc.Status'] as Message;
  const errorInfo = definitions['google.rpc.ErrorInfo'] as Message;
  return ({ code, message, reason, domain }) =>
    status.serialize({
      code,
      message,
      details: [
        {
          // In lower case with an underscore: protobuf.js brings this message itself.
          type_url: 'type.googleapis.com/google.rpc.ErrorInfo',
          value: errorInfo.serialize({ reason, domain, metadata: {} }),
        },
      ],
    });
};
