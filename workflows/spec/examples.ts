/** Rollout files that validate as they stand: the reference shows them, the JSON Schema carries them. */

/** The least that must be said. */
export const SMALLEST_EXAMPLE = `apiVersion: sluice.dev/v1
kind: Rollout
metadata: { name: llm-to-h200 }
spec:
  type: node
  cluster: projects/acme/locations/us-central1/clusters/inference
  namespace: serving
  from: { pool: llm }
  to: { pool: llm-new, source: existing, nodes: { nodePool: h200-pool } }
  retention: { retire: keep }
`;

/** New nodes that Sluice creates, the new side from manifests; every default written out. */
export const NODE_EXAMPLE = `apiVersion: sluice.dev/v1
kind: Rollout
metadata:
  name: llm-to-h200
  labels: { team: serving, ticket: OPS-4711 }
spec:
  type: node
  cluster: projects/acme/locations/us-central1/clusters/inference
  namespace: serving
  from:
    pool: llm
    autoscaler: pin
  to:
    pool: llm-h200
    source: { manifests: [./new/*.yaml] }
    replicas: 8
    nodes:
      create:
        name: h200
        like: h100
        machineType: a3-ultragpu-8g
        nodes: 4
        zones: [us-central1-b]
        capacity: [{ reservation: h200-res, deadline: 20m }]
        keepAfterFailure: 24h
  verify: { warmUp: 20, adapters: { effect: required }, deadline: 30m }
  ladder:
    - { share: 1, bake: 10m }
    - { share: 5, bake: 10m }
    - { share: 25, bake: 15m }
    - { share: 50, bake: 30m, approval: true }
    - { share: 100, bake: 1h }
  pacing: { settle: 60s, warmUp: 3m, extendFactor: 6 }
  objectives:
    errorRatio: 0.01
    ttft: { over: 2.5s, atMost: 0.05 }
  gates:
    tune:
      queue: off
      ttft.slo: { minSamples: 500 }
  alerts:
    policies:
      - { name: projects/acme/alertPolicies/123, blames: new }
    holdWhileOpen: true
  windows:
    - { days: mon-fri, from: "09:00", to: "17:00", timeZone: Europe/Berlin }
  approvals: { notByStarter: true }
  priorities: auto
  rollback:
    floor: 100
    onHoldFor: 8h
    after: { newPods: 1h, nodePool: 24h }
  retention: { old: 24h, retire: delete }
  deadline: 3d
  acknowledge: []
`;

/** A new base model on the same nodes. */
export const BASE_MODEL_EXAMPLE = `apiVersion: sluice.dev/v1
kind: Rollout
metadata: { name: llama-3-3 }
spec:
  type: baseModel
  cluster: projects/acme/locations/us-central1/clusters/inference
  namespace: serving
  from: { pool: llm-pool }
  to:
    pool: llm-pool-version-2
    source: { manifests: [./version-2/*.yaml] }
    nodes: same
    model:
      id: meta-llama/Llama-3.3-8B-Instruct
      revision: 0e9e39f249a16976918f6564b8830bc894c89659
      servedNames: [llama-3.3-8b, llama-3.1-8b]
      maxModelLen: 131072
    adapters:
      cad-fabricator: same
      legacy-eval: drop
  objectives:
    ttft: { over: 2.5s, atMost: 0.05 }
  retention: { retire: keep }
`;

/** A new version of an adapter, on the pods that serve the old one; every default written out. */
export const ADAPTER_EXAMPLE = `apiVersion: sluice.dev/v1
kind: Rollout
metadata: { name: food-review }
spec:
  type: adapter
  cluster: projects/acme/locations/us-central1/clusters/inference
  namespace: serving
  from: { pool: llm }
  adapter:
    model: food-review
    from: food-review-1
    to: { name: food-review-2, source: acme/food-review-2, load: syncer }
    pools: routes
  verify:
    adapters:
      effect: required
      prompts:
        food-review-2: ["Review this: the soup was cold, the staff was kind."]
  ladder:
    - { share: 5, bake: 10m }
    - { share: 25, bake: 10m }
    - { share: 50, bake: 15m }
    - { share: 100, bake: 30m }
  pacing: { settle: 60s, warmUp: 1m, extendFactor: 12 }
  objectives: { errorRatio: 0.01 }
  gates:
    tune:
      adapterSlots: off
      adapter.errors: { minSamples: 60 }
  rollback:
    floor: 100
    onHoldFor: 8h
    after: { newAdapter: 1h }
  retention: { old: 24h, retire: keep }
  deadline: 3d
`;
