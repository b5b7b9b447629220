#!/usr/bin/env node
// Plain JavaScript that old versions of Node can read: says which one is needed, and starts the program otherwise.
const NEEDED = 24;
const running = Number(process.versions.node.split('.')[0]);

if (running < NEEDED) {
  process.stderr.write(
    `sluice needs Node ${NEEDED} or newer; this is ${process.versions.node}.\n` +
      'In this folder `npm ci` brings one along: start with `npm run sluice -- …` or `npm run demo`.\n',
  );
  process.exitCode = 1;
} else {
  const { main } = await import('./main.ts');
  await main();
}
