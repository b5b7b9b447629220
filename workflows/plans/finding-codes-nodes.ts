/** What preflight finds about nodes and where the new pods run. Part of the table in finding-codes.ts. */
import { type CodeText, preflight } from './finding-code.ts';

export const NODE_CODES = {
  'node-pool-missing': preflight(
    'E',
    'The node pool does not exist.',
    'New pods would stay pending.',
    'Create it, or correct its name in to.nodes.',
  ),
  'selector-contradicts': preflight(
    'E',
    'The template of a new workload selects other nodes than the rollout file.',
    'Both cannot hold; the pods would stay pending.',
    'Remove the nodeSelector from the template, or correct to.nodes.',
  ),
  'node-selector-unneeded': preflight(
    'I',
    'to.nodes has no effect with `source: existing`.',
    'The new pods exist; their templates are not touched.',
    'Nothing to do.',
  ),
  'create-with-existing': preflight(
    'E',
    'A node pool is to be created for a new side that exists.',
    'Its templates are not touched, so nothing would run on the new nodes.',
    'Use source: manifests, or to.nodes: { nodePool: NAME }.',
  ),
  'node-count-uneven': preflight(
    'E',
    'The number of nodes cannot be spread evenly over the zones.',
    'GKE takes a count per zone.',
    'Choose a multiple of the number of zones, or name fewer zones.',
  ),
  'taint-untolerated': preflight(
    'E',
    'The node pool has a taint that the new pods do not tolerate.',
    'New pods would stay pending.',
    'Add the toleration to the template.',
  ),
  'capacity-expires': preflight(
    'W',
    'The accelerators can be taken away again.',
    'Spot nodes can go at any time, flex-start nodes live at most 7 days.',
    'Choose a reservation or on-demand, or set acceptExpiry: true.',
  ),
} as const satisfies Record<string, CodeText>;
