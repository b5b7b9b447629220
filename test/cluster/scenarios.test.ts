/** Whole rollouts of the example stack on a real API server, with real controllers, real rights and a real kubectl. */
import { afterAll, beforeAll, describe } from 'vitest';
import { clusterBinaries } from './control-plane/cluster-binaries.ts';
import type { Binaries } from './control-plane/find-binaries.ts';
import { stackFolder } from './control-plane/stack-manifests.ts';
import { namespacesMissing } from './network/network-namespace.ts';
import { alerted } from './scenarios/alert.ts';
import { drifting } from './scenarios/drifting.ts';
import { killed } from './scenarios/killed.ts';
import { promotions } from './scenarios/promotions.ts';
import { rights } from './scenarios/rights.ts';
import { type Setting, startSetting } from './scenarios/setting.ts';

const binaries = await clusterBinaries();
const missing =
  (await namespacesMissing()) ??
  (stackFolder() === null ? 'there is no shared folder with the example stack' : null);
if (missing !== null) console.log(`skipped: ${missing}`);

describe.skipIf(binaries === null || missing !== null)('a rollout on a real API server', () => {
  let setting: Setting;
  const given = (): Setting => setting;

  beforeAll(async () => {
    const startedMs = performance.now();
    setting = await startSetting(binaries as Binaries);
    console.log(`cluster: the setting is up after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  }, 120_000);
  afterAll(async () => {
    await setting?.close();
  }, 60_000);

  rights(given);
  promotions(given);
  alerted(given);
  drifting(given, binaries as Binaries);
  killed(given);
});
