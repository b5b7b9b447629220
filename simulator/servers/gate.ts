/** A call of a server's API, before it is understood. */
export interface GatedCall {
  readonly server: 'kubernetes' | 'gke' | 'monitoring';
  /** Whose API server it is, by its full name; null: not a cluster's. */
  readonly cluster: string | null;
  /** An HTTP method, or the name of a gRPC method. */
  readonly method: string;
  /** Path and query; empty for gRPC. */
  readonly url: string;
  /** Text of an HTTP request, message of a gRPC one. */
  readonly body: unknown;
}

export type GateMoment =
  /** The server has read the request to its end, and nothing has happened yet. */
  | { readonly kind: 'arrived' }
  /** The world has decided; whoever asked has not heard yet. */
  | {
      readonly kind: 'applied';
      /** Of HTTP; 0 for gRPC. */
      readonly status: number;
      readonly answer: unknown;
    };

/** `drop`: the connection breaks; a call that has only arrived then never happens. */
export type GateWord = 'go' | 'drop';

/**
 * Asked about every call, for tests that must stop the world between two instructions of a caller. undefined: the call goes
 * on at once, as without a gate. A call that is let go is carried out even when its caller is gone, as a real server would.
 */
export type Gate = (call: GatedCall, moment: GateMoment) => Promise<GateWord> | undefined;
