/** What `type` asks of the other fields of `spec`. What a type does not know at all is found by fields-of-types.ts. */
import { type RefusalContext, refuse } from './leaves.ts';

type Value = Readonly<Record<string, unknown>>;

/** Runs even where other fields are wrong, so it may rely on nothing. */
export function checkType(value: unknown, context: RefusalContext): void {
  if (!isRecord(value)) return;
  const { type } = value;
  if (type === 'adapter') checkAdapter(value, context);
  if (type === 'node' || type === 'baseModel') {
    checkRetirement(value, context);
    checkSides(value, context);
  }
}

function checkRetirement({ retention }: Value, context: RefusalContext): void {
  if (isRecord(retention) ? retention['retire'] !== undefined : retention !== undefined) return;
  const mend =
    'Write retire: keep when the old side shall stay for you to remove, ' +
    'or retire: delete when Sluice shall delete the objects that the plan lists.';
  const path = isRecord(retention) ? ['retention', 'retire'] : ['retention'];
  refuse(context, { code: 'retire-missing', mend }, 'What happens to the old side has no default.', path);
}

function checkSides({ type, from, to }: Value, context: RefusalContext): void {
  if (to === undefined) {
    const mend = 'Add to: { pool: …, source: existing }, or another source.';
    refuse(context, { code: 'missing-field', mend }, 'The new side is missing.', ['to']);
  }
  if (!isRecord(to)) return;
  if (isRecord(from) && typeof from['pool'] === 'string' && from['pool'] === to['pool']) {
    const mend = 'Name the pool that the traffic moves to; the old one stays under from.';
    refuse(context, { code: 'same-pool', mend }, 'The new pool is the old pool.', ['to', 'pool']);
  }
  if (type === 'baseModel') {
    if ('model' in to) return;
    const mend = 'Add model: { id: …, servedNames: […] }, or write type: node when the model stays.';
    const what = 'A baseModel rollout must say which model comes.';
    refuse(context, { code: 'model-missing', mend }, what, ['to']);
    return;
  }
  const mend = 'Remove it, or write type: baseModel when the model changes.';
  for (const [field, code] of [
    ['model', 'model-not-allowed'],
    ['adapters', 'adapters-not-allowed'],
  ] as const) {
    if (!(field in to) || to[field] === undefined) continue;
    const what = `to.${field} is not allowed in a node rollout: the model stays.`;
    refuse(context, { code, mend, at: 'key' }, what, ['to', field]);
  }
}

function checkAdapter({ adapter, retention }: Value, context: RefusalContext): void {
  if (adapter === undefined) {
    const mend = 'Add adapter: { model: …, from: …, to: { name: …, source: …, load: syncer } }.';
    const what = 'An adapter rollout must say which adapter changes.';
    refuse(context, { code: 'adapter-missing', mend }, what, ['adapter']);
  }
  if (!isRecord(adapter) || !isRecord(adapter['to'])) return;
  const { model, from, to } = adapter;
  const { name, load } = to;
  const path = ['adapter', 'to', 'name'];
  if (typeof name === 'string' && name === from) {
    const mend = 'Give the new version a name of its own: both are loaded side by side.';
    refuse(context, { code: 'same-name', mend }, 'The new version has the name of the old one.', path);
  } else if (typeof name === 'string' && name === model) {
    const mend = 'Give the new version a name of its own, and keep model for the clients.';
    const what = 'The new version has the name that clients ask for: they would meet it at once.';
    refuse(context, { code: 'same-name', mend }, what, path);
  }
  if (load === 'loaded' && isRecord(retention) && retention['retire'] === 'unload') {
    const mend = 'Write retire: keep and unload it where it is loaded, or load: syncer.';
    const what = 'With load: loaded nothing is edited, so that the old version cannot be unloaded.';
    refuse(context, { code: 'unload-not-ours', mend }, what, ['retention', 'retire']);
  }
}

function isRecord(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
