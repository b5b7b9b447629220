/** What preflight finds about a rollout of an adapter. Part of the table in finding-codes.ts. */
import { type CodeText, preflight } from './finding-code.ts';

const VERSIONS = {
  'adapter-not-served': preflight(
    'E',
    'A pod does not serve the old version of the adapter.',
    'Its share of the clients’ requests is answered 404, today and after a rollback.',
    'Load it there, or correct adapter.from, or write adapter.pools: one.',
  ),
  'adapter-not-loaded': preflight(
    'E',
    'A pod does not serve the new version, and the file says that it is loaded.',
    'With `load: loaded` nothing is loaded: requests for it would be answered 404.',
    'Load it on every pod, or write adapter.to.load: syncer.',
  ),
  'adapter-source-differs': preflight(
    'W',
    'The new version is there already, from another source than the file’s.',
    'What is there stays as it is: the rollout would move clients to something else than the file says.',
    'Correct adapter.to.source, give the new version another name, or acknowledge adapter-source-differs.',
  ),
  'adapter-source': preflight(
    'W',
    'The model servers may not be able to read the new version’s source.',
    'Loading would fail on every pod; no traffic would move.',
    'Correct adapter.to.source, mount the folder, or acknowledge adapter-source.',
  ),
  'alias-served': preflight(
    'E',
    'The name that clients ask for is served as something else.',
    'A rewrite of that name would change its answers before anything is proved.',
    'Correct adapter.model, or name as adapter.from what answers to it today.',
  ),
  'prompts-unused': preflight(
    'W',
    'Prompts are given for an adapter that is not verified.',
    'They would never be asked, and the adapter that they were meant for gets the built-in ones.',
    'Correct the name under verify.adapters.prompts.',
  ),
} as const satisfies Record<string, CodeText>;

const CARRIERS = {
  'rewrites-not-served': preflight(
    'E',
    'The cluster serves neither InferenceModelRewrites nor InferenceModels.',
    'Nothing can divide the requests for one name between two versions.',
    'Install the CRD of InferenceModelRewrite, with a picker that follows it.',
  ),
  'inference-model-missing': preflight(
    'E',
    'No InferenceModel of the pool has the name that clients ask for.',
    'On clusters with InferenceModels the picker knows only the names that one of them has.',
    'Create it with the old version as its target, or correct adapter.model.',
  ),
  'alias-foreign': preflight(
    'E',
    'A rule that matches other names too decides on the name that clients ask for.',
    'Weights in it would move the clients of other names, and a rule beside it would take them from its owner.',
    'Give the name a rule of its own, with the targets that it has today, in the same object.',
  ),
  'alias-ambiguous': preflight(
    'E',
    'Several objects have a rule for the name, and none is clearly the one that pickers go by.',
    'The oldest wins; among equals, or in two API groups, nobody can say which.',
    'Leave one of them.',
  ),
  'alias-shadowed': preflight(
    'W',
    'A newer object has a rule for the same name.',
    'Pickers ignore it; whoever wrote it expects something else, and it would win if the older one went.',
    'Remove it, or acknowledge alias-shadowed.',
  ),
  'alias-weights-mixed': preflight(
    'E',
    'Some targets of the name have a weight and some have none.',
    'Those without a weight get nothing at all beside those with one; any write would change that.',
    'Give every target a weight, and remove those that shall get nothing.',
  ),
  'alias-elsewhere': preflight(
    'E',
    'The rule for the name gives the old version nothing.',
    'There are no requests to move.',
    'Correct adapter.from, or add it to the rule’s targets.',
  ),
  'alias-already-split': preflight(
    'E',
    'The rule for the name gives the new version requests already.',
    'It would be unclear whose weights they are and what a rollback restores.',
    'Remove that target, or exchange adapter.from and adapter.to.name.',
  ),
  'alias-not-editable': preflight(
    'E',
    'The write that gives the new version a share is refused.',
    'The object as it is does not accept another target.',
    'Read the API server’s answer; an InferenceModel takes at most 10 targets.',
  ),
  'adapter-no-picker': preflight(
    'E',
    'A pool of the adapter has no endpoint picker.',
    'Pickers rewrite names; without one every request goes on as it came.',
    'Give the pool a picker (spec.endpointPickerRef), or write adapter.pools: one.',
  ),
  'picker-too-old': preflight(
    'I',
    'A picker is older than InferenceModelRewrite.',
    'Pickers before version 1.2 ignore rewrites: no share would follow, and the name would not be known.',
    'Use a picker of version 1.2 or later.',
  ),
  'settle-only': preflight(
    'I',
    'Nothing tells whether the pickers follow the targets.',
    'Their counters by target cannot be read through the API server, so that only the settle time is waited for, and adapter.duration is not judged.',
    'Start the pickers with --metrics-endpoint-auth=false and a port named metrics, if that shall be seen.',
  ),
} as const satisfies Record<string, CodeText>;

const SERVERS = {
  'lora-disabled': preflight(
    'E',
    'The model servers run without LoRA.',
    'They can load no adapter.',
    'Add --enable-lora to their arguments.',
  ),
  'lora-slots': preflight(
    'W',
    'One adapter more than the model servers have room for.',
    'Above --max-loras, adapters wait for each other; above --max-cpu-loras, loading one throws another out.',
    'Raise --max-loras or --max-cpu-loras, unload an adapter, or, for --max-loras, acknowledge lora-slots.',
  ),
  'lora-rank': preflight(
    'I',
    'The rank of the new version is not known before it is loaded.',
    'Model servers refuse an adapter whose rank is above --max-lora-rank; then no traffic moves.',
    'Compare `r` in its adapter_config.json; raise --max-lora-rank, or acknowledge lora-rank.',
  ),
  'lora-updating-off': preflight(
    'E',
    'The model servers load no adapters while they run.',
    'The syncer’s requests would be answered 404.',
    'Set VLLM_ALLOW_RUNTIME_LORA_UPDATING=true in their environment.',
  ),
  'syncer-missing': preflight(
    'E',
    'The pods have no dynamic LoRA sidecar.',
    'With `load: syncer` nothing else loads the new version.',
    'Add the sidecar with DYNAMIC_LORA_ROLLOUT_CONFIG, or load the version yourself and write load: loaded.',
  ),
  'syncer-config': preflight(
    'E',
    'The sidecar’s configuration cannot be edited.',
    'The new version is loaded by an entry under ensureExist of a ConfigMap.',
    'Mount a ConfigMap whose text has vLLMLoRAConfig with a list under ensureExist.models.',
  ),
  'syncer-subpath': preflight(
    'E',
    'The sidecar’s ConfigMap is mounted by subPath.',
    'Files that are mounted so never change: the sidecar would not see the new version before its pod restarts.',
    'Mount the volume as a folder, without subPath.',
  ),
  'syncer-base': preflight(
    'W',
    'The sidecar’s configuration names a base model that the pods do not serve.',
    'It may have been written for other model servers.',
    'Correct defaultBaseModel or base-model, or acknowledge syncer-base.',
  ),
} as const satisfies Record<string, CodeText>;

export const ADAPTER_CODES = { ...VERSIONS, ...CARRIERS, ...SERVERS } as const;
