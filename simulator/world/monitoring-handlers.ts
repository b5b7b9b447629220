import type { MonitoringPort } from '../../workflows/ports.ts';
import { projectOf } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { Handlers } from './handlers.ts';
import type { Monitoring } from './monitoring.ts';

export function monitoringHandlers(engine: Engine, monitoring: Monitoring): Handlers<MonitoringPort> {
  return {
    openIncidents({ project, policies }) {
      const own = policies.filter(
        (policy) => projectOf(policy) === projectOf(project) || !project.includes('/'),
      );
      const incidents = monitoring.openIncidents(own);
      return { value: { kind: 'ok', incidents }, tookMs: engine.drawQuietly('apiCall') };
    },
    heartbeat({ rolloutId, atMs }) {
      monitoring.heartbeat(rolloutId, atMs);
      return { value: { kind: 'ok' }, tookMs: engine.drawQuietly('apiCall') };
    },
  };
}
