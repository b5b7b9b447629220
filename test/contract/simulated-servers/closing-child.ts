import { aWorld } from '../../unit/simulator/world/a-world.ts';
import { GatewayClient } from './gateway-client.ts';
import { ADMIN, hosted, withGateway } from './hosted.ts';

/* A process that must end by itself: whatever is open when the servers close is closed with them. */
const world = aWorld({ llm: 1 });
await hosted(world, async (here) => {
  const watch = here.client.ask({ path: '/api/v1/pods?watch=true', token: ADMIN }).catch(() => null);
  await withGateway(here, async (server) => {
    const gateway = new GatewayClient(server.address);
    const stream = gateway.complete({ stream: true, maxTokens: 4000 });
    world.act({ kind: 'serverHangs', target: { pool: 'llm' }, forMs: 3_600_000 });
    const hanging = gateway.complete();
    await here.until('all are there', () => server.requests() === 2 && here.kubernetes.requests() === 1);
    await server.close();
    await Promise.all([stream, hanging]);
    gateway.close();
  });
  await here.kubernetes.close();
  await watch;
});
process.stdout.write('closed: a watch, a stream and a request that waits\n');
