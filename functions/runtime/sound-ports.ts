/**
 * Ports whose answers keep what their types promise. What a server sends that cannot be read counts as no answer: every
 * caller knows what to do without one, and none has to fear a null where an object should be.
 */
import type { KubeObject, KubeResource, KubeStatus } from '../../workflows/kubernetes.ts';
import { soundObject } from '../../workflows/plans/sound-object.ts';
import type {
  GkeAnswer,
  GkeOperation,
  GkePort,
  KubeAnswer,
  KubeList,
  KubernetesPort,
  ModelServersPort,
  NoAnswer,
  NodePool,
  Ports,
} from '../../workflows/ports.ts';

const unreadable = (what: string): NoAnswer => ({
  kind: 'noAnswer',
  why: `the answer cannot be read: ${what}`,
});

type Fields = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === 'string';

const isTextOrAbsent = (value: unknown): boolean => value === undefined || isText(value);

const isTextMap = (value: unknown): boolean =>
  value === undefined || (isMap(value) && Object.values(value).every(isText));

const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(isText);

/** A refusal counts by its status; details that cannot be read are left out. */
const soundFailure = (failure: unknown): KubeStatus | null => {
  if (!isMap(failure) || !isTextOrAbsent(failure['reason']) || !isTextOrAbsent(failure['message']))
    return null;
  const { details } = failure;
  if (details === undefined || details === null) return failure as unknown as KubeStatus;
  if (!isMap(details)) return null;
  const { causes } = details;
  return causes === undefined || (Array.isArray(causes) && causes.every(isMap))
    ? (failure as unknown as KubeStatus)
    : null;
};

type Answer<T> = KubeAnswer<T> | NoAnswer;

/** @param read null: what came is not what was asked for. */
const soundAnswer = <T>(answer: Answer<T>, read: (object: unknown) => T | null): Answer<T> => {
  if (answer.kind === 'noAnswer') return answer;
  const { kind, status, object, failure } = answer;
  if (object === undefined) {
    const known = failure === undefined ? null : soundFailure(failure);
    return known === failure ? answer : { kind, status, ...(known === null ? {} : { failure: known }) };
  }
  const sound = read(object);
  if (sound === null) return unreadable('not an object of the API');
  return sound === object ? answer : { ...answer, object: sound };
};

const readOne =
  (resource: KubeResource) =>
  (object: unknown): KubeObject | null =>
    soundObject(object, resource);

/** One item that cannot be read makes the list unreadable: a reference in it would be overlooked. */
const readList =
  (resource: KubeResource) =>
  (list: unknown): KubeList | null => {
    if (!isMap(list) || !Array.isArray(list['items'])) return null;
    const items: KubeObject[] = [];
    let isSame = true;
    for (const item of list['items'] as readonly unknown[]) {
      const object = soundObject(item, resource);
      if (object === null) return null;
      isSame &&= object === item;
      items.push(object);
    }
    return (isSame ? list : { ...list, items }) as unknown as KubeList;
  };

const readServed = (served: unknown): Readonly<Record<string, readonly string[]>> | null =>
  isMap(served) && Object.values(served).every(isTextList) ? (served as Record<string, string[]>) : null;

const soundKubernetes = ({ kubernetes }: Ports): KubernetesPort => ({
  discover: async (call) => soundAnswer(await kubernetes.discover(call), readServed),
  get: async (call) => soundAnswer(await kubernetes.get(call), readOne(call.resource)),
  list: async (call) => soundAnswer(await kubernetes.list(call), readList(call.resource)),
  // Reviews have no name; what was created is read by those who need more of it than its uid.
  create: async (call) => soundAnswer(await kubernetes.create(call), readCreated(call.resource, call.object)),
  jsonPatch: async (call) => soundAnswer(await kubernetes.jsonPatch(call), readOne(call.resource)),
  delete: async (call) => {
    const answer = await kubernetes.delete(call);
    // The object that goes, or a Status: nobody looks at it.
    if (answer.kind === 'noAnswer' || answer.status >= 300)
      return soundAnswer(answer, readOne(call.resource));
    return { kind: 'answer', status: answer.status };
  },
});

/** A review comes back without a name: it is that of the object that was sent. */
const readCreated =
  (resource: KubeResource, sent: KubeObject) =>
  (object: unknown): KubeObject | null => {
    if (!isMap(object) || sent.metadata.name !== '') return soundObject(object, resource);
    const metadata = isMap(object['metadata']) ? object['metadata'] : {};
    return soundObject({ ...object, metadata: { ...metadata, name: '' } }, resource);
  };

const soundGke = <T>(answer: GkeAnswer<T>, fits: (value: T) => boolean): GkeAnswer<T> => {
  if (answer.kind === 'ok') return fits(answer.value) ? answer : unreadable('not what GKE was asked for');
  if (answer.kind === 'error' && !isText(answer.message)) return { ...answer, message: '' };
  return answer;
};

const isTaint = (taint: unknown): boolean =>
  isMap(taint) && isText(taint['key']) && isTextOrAbsent(taint['value']) && isText(taint['effect']);

const isNodePool = (pool: NodePool): boolean => {
  const { name, locations, config, management } = (isMap(pool) ? pool : {}) as Fields;
  if (!isText(name) || !isTextList(locations) || !isMap(config)) return false;
  const { machineType, labels, resourceLabels, taints } = config;
  return (
    isText(machineType) &&
    isTextMap(labels) &&
    isTextMap(resourceLabels) &&
    (taints === undefined || (Array.isArray(taints) && taints.every(isTaint))) &&
    (management === undefined || isMap(management))
  );
};

const isOperation = (operation: GkeOperation): boolean => {
  const { name, operationType, status, targetLink, error } = (isMap(operation) ? operation : {}) as Fields;
  if (![name, operationType, status, targetLink].every(isText)) return false;
  return error === undefined || (isMap(error) && isText(error['code']) && isText(error['message']));
};

const isListOf =
  <T>(fits: (item: T) => boolean) =>
  (list: readonly T[]): boolean =>
    Array.isArray(list) && list.every(fits);

const soundGkePort = ({ gke }: Ports): GkePort => ({
  getNodePool: async (call) => soundGke(await gke.getNodePool(call), isNodePool),
  listNodePools: async (call) => soundGke(await gke.listNodePools(call), isListOf(isNodePool)),
  createNodePool: async (call) => soundGke(await gke.createNodePool(call), isOperation),
  deleteNodePool: async (call) => soundGke(await gke.deleteNodePool(call), isOperation),
  getOperation: async (call) => soundGke(await gke.getOperation(call), isOperation),
  listOperations: async (call) => soundGke(await gke.listOperations(call), isListOf(isOperation)),
});

/** A body is a text, whatever it says. */
const soundModels = ({ models }: Ports): ModelServersPort => ({
  scrape: (call) => models.scrape(call),
  ask: async (call) => {
    const result = await models.ask(call);
    if (result.kind === 'unanswered' || isText(result.body)) return result;
    return { kind: 'unanswered', why: 'the answer has no body' };
  },
});

/** The same ports, with answers that can be relied upon. Issues exactly the calls that are asked for. */
export const soundPorts = (ports: Ports): Ports => ({
  ...ports,
  kubernetes: soundKubernetes(ports),
  gke: soundGkePort(ports),
  models: soundModels(ports),
});
