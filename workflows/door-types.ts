/**
 * What comes in by the doors: messages of Pub/Sub as CloudEvents, and requests of the HTTP API. A host (Cloud Run,
 * the local platform, the simulated one) translates into these and knows nothing else of a door.
 */

/** An event of Pub/Sub as Eventarc hands it to a function. Delivered at least once, in any order (protocol P7). */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly type: 'google.cloud.pubsub.topic.v1.messagePublished';
  /** `//pubsub.googleapis.com/projects/P/topics/T` */
  readonly source: string;
  /** Of the delivery's message, not of its content: the same content may come back under another id. */
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: {
    /** `projects/P/subscriptions/S` */
    readonly subscription: string;
    readonly message: {
      /** Base64 of the payload, JSON in UTF-8. */
      readonly data: string;
      readonly attributes: Readonly<Record<string, string>>;
      readonly messageId: string;
      /** RFC 3339. */
      readonly publishTime: string;
    };
  };
}

export interface ApiRequest {
  readonly method: string;
  /** Without the query, e.g. `/v1/rollouts/llm-to-h200-1`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined when there was none. */
  readonly body: unknown;
  /** Who asks, as the platform authenticated it; e.g. an e-mail address. */
  readonly principal: string;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * The doors of one process. An event's promise that is fulfilled is an acknowledgement, one that is rejected asks
 * for another delivery.
 */
export interface Doors {
  onRequest(event: CloudEvent): Promise<void>;
  onAlert(event: CloudEvent): Promise<void>;
  onTick(event: CloudEvent): Promise<void>;
  onWake(event: CloudEvent): Promise<void>;
  api(request: ApiRequest): Promise<ApiResponse>;
}
