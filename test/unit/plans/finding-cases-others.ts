import { aCluster, aDeployment, aSpec, baseModel, CLUSTER, NAMESPACE } from './a-cluster.ts';
import { type Case, OLD, objective, replace, rewrite } from './finding-fixtures.ts';

export const OTHERS: readonly Case[] = [
  {
    code: 'lock',
    severity: 'E',
    object: 'Rollout llm-kernel-3',
    what: `It works on ${CLUSTER}/serving/llm.`,
    observed: aCluster({ locksHeld: [{ key: `${CLUSTER}/serving/llm`, holder: 'llm-kernel-3' }] }),
  },
  {
    code: 'open-incident',
    severity: 'E',
    object: 'AlertPolicy projects/acme/alertPolicies/1',
    what: 'Incident i-1 of "errors" is open.',
    spec: aSpec({ alerts: { policies: [{ name: 'projects/acme/alertPolicies/1' }] } }),
    observed: aCluster({
      openIncidents: [
        {
          incidentId: 'i-1',
          state: 'open',
          policy: 'projects/acme/alertPolicies/1',
          policyDisplayName: 'errors',
          startedAtMs: 1,
          endedAtMs: null,
          summary: '',
        },
      ],
    }),
  },
  {
    code: 'objectives-priorities',
    severity: 'I',
    object: `InferenceObjective ${NAMESPACE}/*`,
    what: 'The new pool serves the requests of base (2), food (1) at priority 0 for the whole rollout.',
    observed: aCluster({ objectives: [objective('food', 1), objective('base', 2), objective('none', 0)] }),
  },
  {
    code: 'rewrite-present',
    severity: 'E',
    object: `InferenceModelRewrite ${NAMESPACE}/chat`,
    what: 'It rewrites model names for llm, and llm-new has no rewrite with the same rules.',
    observed: aCluster({
      rewrites: [rewrite('chat', 'llm', 'llama'), rewrite('chat-new', 'llm-new', 'llama-2')],
    }),
  },
  {
    code: 'gitops-owner',
    severity: 'E',
    object: `Deployment ${NAMESPACE}/llm`,
    what: 'retention.retire is delete, but Helm owns it.',
    spec: aSpec({ retention: { retire: 'delete' } }),
    observed: aCluster({
      deployments: replace(aCluster().deployments, 'llm', {
        ...aDeployment('llm'),
        metadata: { ...aDeployment('llm').metadata, annotations: { 'meta.helm.sh/release-name': 'llm' } },
      }),
    }),
  },
  {
    code: 'served-names',
    severity: 'E',
    object: OLD,
    what: 'It serves llama; the new names are llama-3.3.',
    spec: baseModel({ model: { id: 'meta/llama', revision: 'abc', servedNames: ['llama-3.3'] } }),
    observed: aCluster(),
  },
  {
    code: 'adapters-unmapped',
    severity: 'E',
    object: OLD,
    what: 'It serves the adapter food-review-1, to.adapters has no line for it.',
    spec: baseModel({ adapters: {} }),
    observed: aCluster(),
  },
  {
    code: 'adapter-dropped',
    severity: 'W',
    object: OLD,
    what: 'It serves the adapter food-review-1, to.adapters drops it.',
    spec: baseModel({ adapters: { 'food-review-1': 'drop' } }),
    observed: aCluster(),
  },
  {
    code: 'context-shorter',
    severity: 'W',
    object: OLD,
    what: 'It takes 8192 tokens, to.model.maxModelLen is 4096.',
    spec: baseModel({
      model: { id: 'meta/llama', revision: 'abc', servedNames: ['llama'], maxModelLen: 4096 },
    }),
    observed: aCluster(),
  },
  {
    code: 'floating-model',
    severity: 'W',
    object: `Deployment ${NAMESPACE}/llm-new`,
    what: '--model meta-llama/Llama-3.1-8B-Instruct is given without --revision.',
    observed: aCluster({
      deployments: replace(
        aCluster().deployments,
        'llm-new',
        aDeployment('llm-new', {
          pod: { containers: [{ args: ['--model=meta-llama/Llama-3.1-8B-Instruct'] }] },
        }),
      ),
    }),
  },
];
