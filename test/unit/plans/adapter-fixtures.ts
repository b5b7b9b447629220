import { aPicker, NAMESPACE, stored } from './a-cluster.ts';
import { anAdapterCluster, anAdapterSpec, aRewrite, aServer, type Server, serving } from './an-adapter.ts';

export const REWRITE = `InferenceModelRewrite ${NAMESPACE}/review`;
export const SERVER = `Deployment ${NAMESPACE}/llm`;
export const MAP = `ConfigMap ${NAMESPACE}/llm-adapters`;
export const SPEC = anAdapterSpec();

export const FROM = { modelRewrite: 'food-review-1', weight: 1 };

/** With one rewrite `review` of these rules. */
export const rewritten = (...rules: Parameters<typeof aRewrite>[1][number][]) =>
  anAdapterCluster({ rewrites: [aRewrite('review', rules)] });

/** What the second pod serves. */
export const served = (...second: readonly string[]) =>
  anAdapterCluster({
    oldModels: [
      { pod: 'llm-1', models: serving('food-review-1') },
      { pod: 'llm-2', models: serving(...second) },
    ],
  });

export const withServer = (server: Server) =>
  anAdapterCluster({ deployments: [aServer('llm', server), aPicker('llm-epp')] });

export const withPicker = (image: string) =>
  anAdapterCluster({
    deployments: [
      aServer('llm'),
      stored('apps/v1', 'Deployment', 'llm-epp', {
        spec: {
          template: { metadata: { labels: { app: 'llm-epp' } }, spec: { containers: [{ image }] } },
        },
      }),
    ],
  });
