import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * The absolute path of a file of the shared folder (real manifests, recorded answers), or null where there is no such
 * folder. `SLUICE_SHARED` names the folder; failing that it lies beside the project. Where it exists nothing may be skipped.
 */
export function sharedPath(...parts: readonly string[]): string | null {
  const root = process.env['SLUICE_SHARED'] ?? resolve(import.meta.dirname, '../../../shared');
  return existsSync(root) ? resolve(root, ...parts) : null;
}
