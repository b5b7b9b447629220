/** Trees of JSON with a few fields changed: what is left stays meaningful, so that a case gets past the first guard. */
import * as fc from 'fast-check';
import { hostileText, hostileValue, setField } from './hostile-json.ts';

type Place = { readonly holder: object; readonly key: string | number };

const isTree = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Every field of the tree with the object or list that holds it; walked without recursion. */
const placesOf = (root: unknown): readonly Place[] => {
  const places: Place[] = [];
  const open: object[] = isTree(root) ? [root] : [];
  for (let holder = open.pop(); holder !== undefined; holder = open.pop())
    for (const key of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
      places.push({ holder, key });
      const value: unknown = Reflect.get(holder, key);
      if (isTree(value)) open.push(value);
    }
  return places;
};

export type Edit =
  | { readonly kind: 'replace'; readonly at: number; readonly value: unknown }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'wrap'; readonly at: number }
  | { readonly kind: 'double'; readonly at: number }
  | { readonly kind: 'add'; readonly at: number; readonly key: string; readonly value: unknown };

/** Where in the tree, as a proportion: the tree's size does not matter. */
const at = fc.integer({ min: 0, max: 9_999 }).map((part) => part / 10_000);

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('replace' as const), at, value: hostileValue }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('remove' as const, 'wrap' as const, 'double' as const),
      at,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('add' as const), at, key: hostileText, value: hostileValue }),
  },
);

const remove = ({ holder, key }: Place): void => {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else Reflect.deleteProperty(holder, key);
};

const double = ({ holder, key }: Place): void => {
  const value: unknown = Reflect.get(holder, key);
  if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(value));
  else setField(holder, key, [value, structuredClone(value)]);
};

// What is put in is a copy too: the next edit may change it, and its value belongs to other cases as well.
const applyEdit = (root: unknown, change: Edit): void => {
  const places = placesOf(root);
  const place = places[Math.floor(change.at * places.length)];
  if (place === undefined) return;
  if (change.kind === 'remove') remove(place);
  else if (change.kind === 'double') double(place);
  else if (change.kind === 'wrap')
    setField(place.holder, place.key, [Reflect.get(place.holder, place.key) as unknown]);
  else if (change.kind === 'replace') setField(place.holder, place.key, structuredClone(change.value));
  else if (!Array.isArray(place.holder)) setField(place.holder, change.key, structuredClone(change.value));
};

/** A copy of the tree with the edits made one after the other. */
export const edited = <T>(root: T, edits: readonly Edit[]): T => {
  const copy = structuredClone(root);
  for (const change of edits) applyEdit(copy, change);
  return copy;
};
