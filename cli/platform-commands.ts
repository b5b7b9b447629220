/** The commands about a Sluice that runs: here, or wherever the API is. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from './commands/context.ts';
import type { DevOptions } from './commands/dev.ts';
import { type GetOptions, get } from './commands/get.ts';
import { type StartOptions, start } from './commands/start.ts';
import { type WatchOptions, watch } from './commands/watch.ts';
import type { ExitCode } from './exit-codes.ts';
import { DEFAULT_SERVER } from './remote/api-client.ts';

type Done = (code: ExitCode) => void;

const wholeFrom =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    return value;
  };

const PORT_MAX = 65_535;
/** Faster than that, real requests would take minutes of the world's time. */
const SPEED_MAX = 60;
/** Leaves a request that the world gives three seconds 150 ms of the wall, on a machine that does other things as well. */
const SPEED = 20;
const SEQ_MAX = Number.MAX_SAFE_INTEGER;

const urlOf = (text: string): string => {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError(`It must be an address such as ${DEFAULT_SERVER}.`);
  return text;
};

const server = (): Option =>
  new Option('--server <url>', `Where the API is; default: SLUICE_SERVER, or ${DEFAULT_SERVER}.`).argParser(
    urlOf,
  );

const output = (): Option => new Option('-o, --output <format>', 'The answer as it came.').choices(['json']);

const example = (text: string): string => `\nExample:\n  ${text}\n`;

export const addPlatformCommands = (program: Command, context: Context, done: Done): void => {
  program
    .command('dev')
    .description('Run all of Sluice here, against a simulated GKE that it starts.')
    .option('--state <folder>', 'What must survive: store, messages, log.', '.sluice')
    .option('--port <number>', 'Of the API; 0 takes a free one.', wholeFrom(0, PORT_MAX), 8080)
    .option('--dir <folder>', 'Stack that is served, with its rollout file; default: an example.')
    .option('--speed <number>', 'How fast time passes, over the wall’s.', wholeFrom(1, SPEED_MAX), SPEED)
    .option('--seed <number>', 'Another course of chance.', wholeFrom(0, SEQ_MAX), 1)
    .addHelpText('after', example('sluice dev --port 8081 --speed 10'))
    .action(async (options: DevOptions) => {
      // Servers and client libraries: no other command waits for them.
      const { dev } = await import('./commands/dev.ts');
      done(await dev(context, options));
    });
  program
    .command('start')
    .description('Start a rollout.')
    .requiredOption('-f, --file <file>', 'Rollout file.')
    .option('--queue', 'Wait for the pool where another rollout works on it.')
    .option('--plan-hash <hash>', 'Only if the cluster still gives this plan.')
    .option('--request-id <id>', 'The same id again starts nothing anew.')
    .addOption(server())
    .addOption(output())
    .addHelpText('after', example('sluice start -f examples/node-update/rollout.yaml'))
    .action(async (options: StartOptions) => done(await start(context, options)));
  program
    .command('get')
    .description('Rollouts, or where one of them is.')
    .argument('[id]', 'Rollout.')
    .addOption(server())
    .addOption(output())
    .addHelpText('after', example('sluice get llm-to-h200-1'))
    .action(async (id: string | undefined, options: GetOptions) => done(await get(context, id, options)));
  program
    .command('watch')
    .description('What happens to a rollout, as it happens, until it has ended.')
    .argument('<id>', 'Rollout.')
    .option('--after <number>', 'Only journal entries behind this one.', wholeFrom(0, SEQ_MAX), 0)
    .addOption(server())
    .addOption(output())
    .addHelpText('after', example('sluice watch llm-to-h200-1'))
    .action(async (id: string, options: WatchOptions) => done(await watch(context, id, options)));
};
