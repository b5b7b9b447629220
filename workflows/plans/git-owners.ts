import type { KubeObject } from '../kubernetes.ts';

/**
 * Who would put an object back: by tracking annotations and labels, and by field managers, as the tools document them.
 * `app.kubernetes.io/instance` alone is not taken for Argo CD: Helm charts and people set it as well.
 */
export type Owner = 'Argo CD' | 'Flux' | 'Helm' | 'Terraform';

const MARKS: readonly (readonly [prefix: string, owner: Owner])[] = [
  ['argocd.argoproj.io/tracking-id', 'Argo CD'],
  ['argocd.argoproj.io/instance', 'Argo CD'],
  ['kustomize.toolkit.fluxcd.io/', 'Flux'],
  ['helm.toolkit.fluxcd.io/', 'Flux'],
  ['meta.helm.sh/release-name', 'Helm'],
];

const MANAGERS: ReadonlyMap<string, Owner> = new Map([
  ['argocd-controller', 'Argo CD'],
  ['argocd-application-controller', 'Argo CD'],
  ['kustomize-controller', 'Flux'],
  ['helm-controller', 'Flux'],
  ['Helm', 'Helm'],
  ['helm', 'Helm'],
  ['Terraform', 'Terraform'],
  ['terraform', 'Terraform'],
  ['HashiCorp', 'Terraform'],
]);

const MANAGED_BY: ReadonlyMap<string, Owner> = new Map([
  ['Helm', 'Helm'],
  ['terraform', 'Terraform'],
  ['Terraform', 'Terraform'],
]);

/** The tool that owns the object; null where none is recognised. */
export const ownerOf = (object: KubeObject): Owner | null => {
  const { labels = {}, annotations = {}, managedFields = [] } = object.metadata;
  const keys = [...Object.keys(annotations), ...Object.keys(labels)];
  for (const [prefix, owner] of MARKS) if (keys.some((key) => key.startsWith(prefix))) return owner;
  const managedBy = MANAGED_BY.get(labels['app.kubernetes.io/managed-by'] ?? '');
  if (managedBy !== undefined) return managedBy;
  for (const entry of managedFields) {
    const owner = MANAGERS.get(entry.manager ?? '');
    if (owner !== undefined) return owner;
  }
  return null;
};
