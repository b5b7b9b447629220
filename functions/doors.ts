import type { Doors } from '../workflows/door-types.ts';
import { createApi } from './api.ts';
import { createOnAlert } from './on-alert.ts';
import { createOnRequest } from './on-request.ts';
import { createOnTick } from './on-tick.ts';
import { createOnWake } from './on-wake.ts';
import type { Shell } from './runtime/shell.ts';

/** All doors of one process over one shell. */
export const createDoors = (shell: Shell): Doors => ({
  api: createApi(shell),
  onRequest: createOnRequest(shell),
  onAlert: createOnAlert(shell),
  onTick: createOnTick(shell),
  onWake: createOnWake(shell),
});
