/** `spec.verify` of the rollout file: what must be shown before any traffic. */
import * as z from 'zod';
import { DAY, duration, MINUTE, number, refuse, text } from './leaves.ts';

const PROMPTS_MAX = 8;
const PROMPT_LENGTH_MAX = 2000;

const prompt = text({
  code: 'empty-text',
  kind: 'a prompt',
  mend: 'Write what the adapter’s users would ask.',
  pattern: '\\S',
  lengthMax: PROMPT_LENGTH_MAX,
});

const promptsOfAdapter = z
  .array(prompt)
  .meta({ minItems: 1, maxItems: PROMPTS_MAX })
  .superRefine((items, context) => {
    if (items.length === 0) {
      const mend = 'Remove the line, or write at least one prompt.';
      refuse(context, { code: 'too-few-items', mend }, 'No prompt is given.');
    }
    if (items.length > PROMPTS_MAX) {
      const what = `There are ${items.length} prompts; at most ${PROMPTS_MAX} are allowed.`;
      refuse(context, { code: 'too-many-items', mend: 'Keep those nearest to the adapter’s task.' }, what);
    }
  });

const prompts = z
  .record(z.string(), promptsOfAdapter)
  .prefault({})
  .superRefine((value, context) => {
    if (Object.keys(value).length <= 100) return;
    refuse(context, { code: 'too-many-items', mend: 'Remove some.' }, 'More than 100 adapters have prompts.');
  })
  .describe(
    'Prompts of your own by adapter, 1 to 8 each: those near its task show its effect best. The others get built-in ones.',
  );

export const verifySchema = z
  .strictObject({
    via: z.literal('apiServer').prefault('apiServer').describe('Pods are asked through the API server.'),
    door: z.literal('off').prefault('off').describe('No route of its own to the new side.'),
    warmUp: number(0, 10_000, 0).prefault(20).describe('Requests that warm each new pod up.'),
    adapters: z
      .strictObject({
        effect: z
          .enum(['required', 'names', 'off'])
          .prefault('required')
          .describe(
            'How adapters are proved on each pod. `required`: they answer otherwise than the base model. ' +
              '`names`: they are listed and answer. `off`: not at all.',
          ),
        prompts,
      })
      .prefault({})
      .describe('How adapters are proved.'),
    requests: z
      .array(z.never())
      .meta({ maxItems: 0 })
      .optional()
      .describe('Requests of your own: only `[]`.'),
    deadline: duration(MINUTE, DAY)
      .prefault('30m')
      .describe('Pods that are not proved by then fail the rollout.'),
  })
  .prefault({})
  .describe('What each new pod must show before any traffic.');
