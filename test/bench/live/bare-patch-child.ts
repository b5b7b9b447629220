/**
 * Patches a weight of an HTTPRoute, one request after the other over one kept connection, and tells how long each took:
 * in a process of its own, as far from the API server as Sluice is. Told what by messages: first where, then how many.
 */
import { Agent, request } from 'node:https';

export interface BareRoute {
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly caPem: string;
  readonly token: string;
  readonly namespace: string;
  readonly name: string;
}

export interface BareOrder {
  readonly route: BareRoute;
  readonly count: number;
}

/** Milliseconds of each patch that was accepted; `problem`: what else came. */
export interface BareReply {
  readonly ms: readonly number[];
  readonly problem: string | null;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let weight = 1;

const patchOnce = ({ endpoint, caPem, token, namespace, name }: BareRoute): Promise<number> =>
  new Promise((resolve, reject) => {
    weight = weight === 1 ? 2 : 1;
    const body = JSON.stringify([{ op: 'add', path: '/spec/rules/0/backendRefs/0/weight', value: weight }]);
    const startedMs = performance.now();
    const sent = request(
      `https://${endpoint}/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/${name}`,
      {
        method: 'PATCH',
        agent,
        ca: caPem,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json-patch+json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.once('error', reject).once('end', () => {
          const ms = performance.now() - startedMs;
          if (response.statusCode === 200) resolve(ms);
          else reject(new Error(`${response.statusCode} ${text}`));
        });
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });

process.on('message', ({ route, count }: BareOrder) => {
  const run = async (): Promise<void> => {
    const ms: number[] = [];
    let problem: string | null = null;
    try {
      for (let index = 0; index < count; index += 1) ms.push(await patchOnce(route));
    } catch (error) {
      problem = String(error);
    }
    process.send?.({ ms, problem } satisfies BareReply);
  };
  void run();
});
process.on('disconnect', () => process.exit(0));
