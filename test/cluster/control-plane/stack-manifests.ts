import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { sharedPath } from '../../helpers/shared.ts';

/** The folder of the example stack of the inference extension v1.0.1 for GKE; null where the shared folder is not. */
export const stackFolder = (): string | null => sharedPath('manifests', 'gaie-v1.0.1');

interface HealthCheckPolicy extends KubeObject {
  readonly spec: {
    readonly default: {
      readonly config: { readonly httpHealthCheck: Readonly<Record<string, unknown>> };
    };
  };
}

/** GKE's definition of today refuses a port without a word on how it is chosen; the example is older than that rule. */
const withPortSpecification = (policy: HealthCheckPolicy): HealthCheckPolicy => {
  const { config } = policy.spec.default;
  const httpHealthCheck = { ...config.httpHealthCheck, portSpecification: 'USE_FIXED_PORT' };
  const amended = { ...policy.spec.default, config: { ...config, httpHealthCheck } };
  return { ...policy, spec: { ...policy.spec, default: amended } };
};

/** The objects of the example stack, as an API server of today takes them: its health check names its port explicitly. */
export const stackObjects = (folder: string): readonly KubeObject[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8')))
    .map((document) => document.toJS() as KubeObject)
    .map((object) =>
      object.kind === 'HealthCheckPolicy' ? withPortSpecification(object as HealthCheckPolicy) : object,
    );
