/** The four ways in which people and tools change a route behind our back, by a real kubectl. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { Binaries } from '../control-plane/find-binaries.ts';
import type { KubectlResult } from '../control-plane/kubectl.ts';

export interface ForeignHands {
  /** `kubectl edit`, in an editor that replaces each text by another. */
  edit(
    resource: string,
    namespace: string,
    replacements: readonly (readonly [string, string])[],
  ): Promise<KubectlResult>;
  /** `kubectl apply` as people do. */
  apply(object: KubeObject): Promise<KubectlResult>;
  /** `kubectl apply --server-side` as a GitOps tool. */
  applyServerSide(object: KubeObject, force: boolean): Promise<KubectlResult>;
}

/** A node script as an editor: the file's name is its argument. */
const editorOf = (folder: string, replacements: readonly (readonly [string, string])[]): string => {
  const script = join(folder, 'editor.cjs');
  const program = `#!${process.execPath}
const fs = require('node:fs');
let text = fs.readFileSync(process.argv[2], 'utf8');
for (const [from, to] of ${JSON.stringify(replacements)}) text = text.replace(from, to);
fs.writeFileSync(process.argv[2], text);
`;
  writeFileSync(script, program);
  chmodSync(script, 0o755);
  return script;
};

/** kubectl with rights over everything. */
export const foreignHands = (plane: ControlPlane, binaries: Binaries): ForeignHands => ({
  async edit(resource, namespace, replacements) {
    const editor = editorOf(plane.folder, replacements);
    const args = ['--kubeconfig', plane.kubeconfigOf('gitops'), '-n', namespace, 'edit', resource];
    const child = spawn(binaries.kubectl, args, {
      env: { PATH: process.env['PATH'] ?? '', HOME: plane.folder, KUBE_EDITOR: editor },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = (await once(child, 'close')) as [number | null];
    const [stdout, stderr] = await said;
    return { code: code ?? -1, stdout, stderr };
  },
  apply: (object) => plane.kubectl(['apply', '-f', '-'], JSON.stringify(object)),
  applyServerSide: (object, force) =>
    plane.kubectl(
      [
        'apply',
        '--server-side',
        '--field-manager=gitops-controller',
        ...(force ? ['--force-conflicts'] : []),
        '-f',
        '-',
      ],
      JSON.stringify(object),
    ),
});
