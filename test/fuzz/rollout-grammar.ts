/** Rollout files that are valid by construction, in the ways in which people write YAML. */
import * as fc from 'fast-check';
import { Document, type ToStringOptions } from 'yaml';
import { GATES_OF_TYPE, JUDGES, TRIPWIRES } from '../../workflows/spec/gate-names.ts';

const name = fc
  .tuple(fc.constantFrom('a', 'llm', 'h200', '7', 'true-ish', 'null-pool'), fc.nat({ max: 999 }))
  .map(([word, number]) => `${word}-${number}`);

const maybe = <T>(given: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(given, { nil: undefined });

const minutes = (most: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.integer({ min: 1, max: most }).map((count) => `${count}m`),
    fc.integer({ min: 60, max: most * 60 }).map((count) => `${count}s`),
    fc.integer({ min: 2, max: most * 2 }).map((halves) => `${halves / 2}m`),
  );

const ladder = fc
  .uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 6 })
  .chain((tenths) =>
    fc.tuple(
      ...[...tenths.toSorted((a, b) => a - b), 1000].map((share) =>
        fc.record(
          { share: fc.constant(share / 10), bake: minutes(60), approval: fc.boolean() },
          { requiredKeys: ['share', 'bake'] },
        ),
      ),
    ),
  );

const capacity = fc.oneof(
  fc.constant({ onDemand: {} }),
  fc.record({ reservation: name, deadline: minutes(100) }, { requiredKeys: ['reservation'] }),
  fc.constant({ spot: {}, acceptExpiry: true }),
  fc.constant({ flexStart: {}, acceptExpiry: true }),
);

const nodes = fc.oneof(
  fc.constant('same'),
  fc.record({ nodePool: name }),
  fc.record({ selector: fc.dictionary(fc.constantFrom('a/b', 'pool', 'x.y/z'), name, { minKeys: 1 }) }),
  fc.record({
    create: fc.record(
      {
        name,
        like: name,
        machineType: fc.constant('a3-ultragpu-8g'),
        nodes: fc.integer({ min: 1, max: 50 }).map((half) => half * 2),
        zones: fc.constantFrom([], ['us-central1-b'], ['us-central1-b', 'us-central1-c']),
        capacity: fc.tuple(capacity),
        keepAfterFailure: fc.constantFrom(0, 'forever', '24h'),
      },
      { requiredKeys: ['name', 'like', 'nodes', 'capacity'] },
    ),
  }),
);

const window = fc.record({
  days: fc.constantFrom('daily', 'mon-fri', 'sat,sun', 'fri-mon,wed'),
  from: fc.constantFrom('00:00', '09:00', '22:00'),
  to: fc.constantFrom('06:30', '23:59', '24:00'),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'),
});

const tuneOf = (type: keyof typeof GATES_OF_TYPE) => {
  const off = fc.constant('off');
  const samples = fc.record({ minSamples: fc.integer({ min: 10, max: 9999 }) });
  const has = (gate: (typeof GATES_OF_TYPE)[typeof type][number]): boolean =>
    GATES_OF_TYPE[type].includes(gate);
  return fc.record(
    {
      ...Object.fromEntries(TRIPWIRES.filter(has).map((gate) => [gate, off])),
      ...Object.fromEntries(JUDGES.filter(has).map((gate) => [gate, fc.oneof(off, samples)])),
    },
    { requiredKeys: [] },
  );
};

/** Texts that YAML would take for something else without quotes. */
const modelName = fc.constantFrom(
  'llama',
  'meta-llama/Llama-3.3-8B',
  'a: b',
  'true',
  '1e3',
  '#x',
  "it's",
  '日本',
);

const prompts = fc.dictionary(
  fc.constantFrom('a', 'food-review-1', 'constructor', 'toString'),
  fc.array(fc.constantFrom('How was it?', 'a: b', '#x', '日本'), { minLength: 1, maxLength: 8 }),
);

const anySpec = {
  cluster: fc.constant('projects/acme/locations/us-central1/clusters/inference'),
  namespace: name,
  verify: maybe(
    fc.record({
      adapters: fc.record(
        { effect: fc.constantFrom('required', 'names', 'off'), prompts },
        { requiredKeys: [] },
      ),
    }),
  ),
  ladder: maybe(ladder),
  pacing: maybe(
    fc.record({ settle: minutes(50), extendFactor: fc.integer({ min: 10, max: 240 }).map((n) => n / 10) }),
  ),
  alerts: maybe(
    fc.record({
      policies: fc
        .uniqueArray(fc.nat({ max: 99 }), { maxLength: 3 })
        .map((ids) => ids.map((id) => ({ name: `projects/acme/alertPolicies/${id}` }))),
      holdWhileOpen: fc.boolean(),
    }),
  ),
  windows: maybe(fc.array(window, { maxLength: 3 })),
  rollback: maybe(fc.record({ floor: fc.integer({ min: 1, max: 100 }), onHoldFor: minutes(600) })),
  acknowledge: maybe(fc.uniqueArray(fc.constantFrom('floating-model', 'drain', 'adapter-dropped'))),
  deadline: fc.constant('9d'),
};

const errorRatio = fc.integer({ min: 1, max: 5000 }).map((n) => n / 10_000);

const commonSpec = {
  ...anySpec,
  from: fc.record(
    { pool: name.map((one) => `old-${one}`), autoscaler: fc.constantFrom('pin', 'leave') },
    { requiredKeys: ['pool'] },
  ),
  retention: fc.record(
    { old: minutes(600), retire: fc.constantFrom('keep', 'delete') },
    { requiredKeys: ['retire'] },
  ),
  objectives: maybe(
    fc.record(
      { errorRatio, ttft: fc.record({ over: minutes(9), atMost: fc.constantFrom(0.05, 0.0001, 0.5) }) },
      { requiredKeys: [] },
    ),
  ),
  gates: maybe(fc.record({ tune: tuneOf('node') })),
  priorities: maybe(fc.constantFrom('auto', 'flip', 'leave')),
};

const source = fc.oneof(fc.constant('existing'), fc.constant({ manifests: ['./new/*.yaml'] }));
const newPool = name.map((one) => `new-${one}`);
const replicas = maybe(fc.integer({ min: 1, max: 10_000 }));

const nodeSpec = fc.record({
  type: fc.constant('node'),
  to: fc.record({ pool: newPool, source, nodes, replicas }),
  ...commonSpec,
});

const modelSpec = fc.record({
  type: fc.constant('baseModel'),
  to: fc.record({
    pool: newPool,
    source,
    nodes,
    replicas,
    model: fc.record(
      {
        id: modelName,
        revision: modelName,
        servedNames: fc.uniqueArray(modelName, { minLength: 1, maxLength: 3 }),
        maxModelLen: fc.integer({ min: 1, max: 1e8 }),
      },
      { requiredKeys: ['id', 'servedNames'] },
    ),
    adapters: fc.dictionary(
      fc.constantFrom('a', 'food-review-1', 'constructor', 'toString'),
      fc.constantFrom('same', 'drop'),
    ),
  }),
  ...commonSpec,
});

const adapterSpec = fc.record({
  ...anySpec,
  type: fc.constant('adapter'),
  from: fc.record({ pool: name }),
  adapter: fc.record(
    {
      model: fc.constantFrom('food-review', 'meta/llama', 'true', '日本', 'v-1'),
      from: fc.constantFrom('v-1', '1e3', 'a:b'),
      to: fc.record({
        name: fc.constantFrom('v-2', 'null', '#2'),
        source: fc.constantFrom('acme/v-2', '/adapters/2', 'gs://lora/2'),
        load: fc.constant('syncer'),
      }),
      pools: fc.constantFrom('routes', 'one'),
    },
    { requiredKeys: ['model', 'from', 'to'] },
  ),
  retention: maybe(
    fc.record({ old: minutes(600), retire: fc.constantFrom('keep', 'unload') }, { requiredKeys: [] }),
  ),
  objectives: maybe(fc.record({ errorRatio })),
  gates: maybe(fc.record({ tune: tuneOf('adapter') })),
});

/** The file as data. */
export const rolloutValue: fc.Arbitrary<unknown> = fc
  .record({
    metadata: fc.record(
      {
        name,
        labels: fc.dictionary(
          fc.constantFrom('team', 'example.com/ticket'),
          fc.constantFrom('', 'a', '4711'),
        ),
      },
      { requiredKeys: ['name'] },
    ),
    spec: fc.oneof(nodeSpec, modelSpec, adapterSpec),
  })
  .map(
    ({ metadata, spec }) =>
      // What is not given is not written.
      JSON.parse(JSON.stringify({ apiVersion: 'sluice.dev/v1', kind: 'Rollout', metadata, spec })) as unknown,
  );

const style: fc.Arbitrary<ToStringOptions> = fc.record({
  indent: fc.constantFrom(2, 4, 7),
  collectionStyle: fc.constantFrom('any', 'block', 'flow'),
  defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE'),
  lineWidth: fc.constantFrom(0, 40, 80),
});

const dress = fc.record({
  bom: fc.boolean(),
  crlf: fc.boolean(),
  json: fc.integer({ min: 0, max: 3 }).map((one) => one === 0),
  marker: fc.boolean(),
  comment: fc.constantFrom('', '# a comment: with { brackets\n', '#\n\n'),
});

/** The file as text: block or flow, quoted or plain, JSON, with Windows line ends, a byte order mark, comments. */
export const rolloutText: fc.Arbitrary<string> = fc
  .tuple(rolloutValue, style, dress)
  .map(([value, options, { bom, crlf, json, marker, comment }]) => {
    const body = json ? `${JSON.stringify(value, null, 2)}\n` : new Document(value).toString(options);
    const text = `${comment}${marker ? '---\n' : ''}${body}${marker ? '...\n' : ''}`;
    return `${bom ? '\uFEFF' : ''}${crlf ? text.replaceAll('\n', '\r\n') : text}`;
  });
