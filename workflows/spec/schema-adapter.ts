/** `spec.adapter` of the rollout file: the name that clients ask for, and the two versions behind it. */
import * as z from 'zod';
import { text } from './leaves.ts';

/** The bound is that of targets in an InferenceModel; model servers have none. */
const modelName = (kind: string) =>
  text({
    code: 'bad-name',
    kind,
    mend: 'Write the name as clients and model servers have it, without white space.',
    pattern: '^\\S+$',
    lengthMax: 253,
    examples: ['food-review-2'],
  });

const source = text({
  code: 'bad-source',
  kind: 'where model servers could find an adapter',
  mend: 'Write a repository of Hugging Face, a folder of the model servers that begins with “/”, or the address of a bucket.',
  pattern: '^(?!\\.{1,2}(/|$))(?!~)\\S+$',
  lengthMax: 1000,
  examples: ['acme/food-review-2', '/adapters/food-review-2', 'gs://lora/food-review-2'],
});

export const adapterSchema = z
  .strictObject({
    model: modelName('the name of a model').describe(
      'The name that clients ask for. May be that of the old version: then its clients are moved.',
    ),
    from: modelName('the name of an adapter').describe(
      'The version that answers today, as the model servers call it.',
    ),
    to: z
      .strictObject({
        name: modelName('the name of an adapter').describe('The version that comes; a name of its own.'),
        source: source.describe('Where it comes from: repository, folder of the model servers, or bucket.'),
        load: z
          .enum(['syncer', 'loaded'])
          .describe(
            'How it comes to the pods. `syncer`: Sluice adds it to the ConfigMap of the dynamic LoRA sidecar. ' +
              '`loaded`: it is there already, and Sluice only asks.',
          ),
      })
      .describe('The version that takes over.'),
    pools: z
      .enum(['routes', 'one'])
      .prefault('routes')
      .describe(
        'Where both versions are. `routes`: every pool beside `from.pool` in a rule of an HTTPRoute. `one`: `from.pool` alone.',
      ),
  })
  .describe('adapter only, and needed there: what changes inside the pools.');
