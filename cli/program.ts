/** The command line: commands, options, help. */
import { Command, InvalidArgumentError } from 'commander';
import { SCENARIOS } from '../local/scenarios.ts';
import { createContext } from './commands/context.ts';
import { demo } from './commands/demo.ts';
import type { DemoOptions } from './commands/demo-call.ts';
import { type PlanOptions, plan } from './commands/plan.ts';
import { type ReplayOptions, replay } from './commands/replay.ts';
import { schema } from './commands/schema.ts';
import { type ValidateOptions, validate } from './commands/validate.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';
import { addPlatformCommands } from './platform-commands.ts';
import { VERSION } from './version.ts';

const seedOf = (text: string): number => {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(seed))
    throw new InvalidArgumentError('It must be a whole number from 0 on.');
  return seed;
};

const example = (text: string): string => `\nExample:\n  ${text}\n`;

const EXIT_CODES = `
Exit codes:
  0 promoted, valid, startable, or a scenario that ended as it is meant to
  1 wrong usage or input, a replay that differs
  2 a plan with errors       3 a plan with warnings that are not acknowledged
  4 rolled back              5 failed
`;

/** @param done is told the exit code of the command that ran. */
export const createProgram = (io: Io, done: (code: ExitCode) => void): Command => {
  const context = createContext(io);
  const program = new Command('sluice')
    .description('Safe, event-driven rollouts of nodes and models behind GKE Inference Gateway.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .showHelpAfterError('(sluice --help lists the commands, sluice COMMAND --help their options)')
    .addHelpText('after', EXIT_CODES);
  // Subcommands inherit what was configured above.
  program
    .command('demo')
    .description('Watch a whole rollout over a simulated GKE that speaks the real protocols.')
    .option(
      '--scenario <name>',
      `What happens: ${SCENARIOS.map(({ name }) => name).join(', ')}.`,
      'node-update',
    )
    .option('--stack <folder>', 'Manifests of another serving stack than the example.')
    .option(
      '-f, --file <file>',
      'Rollout file; without one, a stack of your own gets one that is made for it.',
    )
    .option('--seed <number>', 'Another course of chance.', seedOf, 1)
    .option('--virtual', 'In virtual time, without servers: the whole ladder of the file.')
    .option('--fast', 'The same without pacing: done in seconds.')
    .option('--keep', 'Leave the simulated world up after the end, until Ctrl-C.')
    .option('--json', 'Nothing but one line of JSON at the end; not paced.')
    .option('--store <file>', 'Keep the record in this SQLite file; one that exists is added to.')
    .addHelpText('after', scenarioHelp() + example('sluice demo --scenario alert --fast'))
    .action(async (options: DemoOptions) => done(await demo(context, options)));
  program
    .command('plan')
    .description('What a rollout would find, create, change and delete; nothing is done.')
    .requiredOption('-f, --file <file>', 'Rollout file.')
    .requiredOption('--stack <folder>', 'Manifests of the serving stack, loaded into a simulated cluster.')
    .option('--json', 'The plan as JSON.')
    .addHelpText(
      'after',
      example('sluice plan -f examples/node-update/rollout.yaml --stack examples/node-update'),
    )
    .action(async (options: PlanOptions) => done(await plan(context, options)));
  program
    .command('validate')
    .description('Check rollout files: every problem with its line, column and mend.')
    .requiredOption('-f, --file <files...>', 'Rollout files.')
    .option('--json', 'The problems as JSON.')
    .addHelpText('after', example('sluice validate -f rollout.yaml'))
    .action(async (options: ValidateOptions) => done(await validate(context, options)));
  program
    .command('replay')
    .description('Run a stored journal again and compare: it must end in the stored state.')
    .argument('[id]', 'Rollout; without one, all of the file.')
    .requiredOption('--store <file>', 'SQLite file that `sluice demo --store` wrote.')
    .option('--json', 'The result as JSON.')
    .addHelpText('after', example('sluice replay --store demo.db llm-to-h200-1'))
    .action(async (id: string | undefined, options: ReplayOptions) =>
      done(await replay(context, id, options)),
    );
  program
    .command('schema')
    .description('Print the JSON Schema of the rollout file, for editors.')
    .addHelpText('after', example('sluice schema > rollout-schema.json'))
    .action(async () => done(await schema(context)));
  addPlatformCommands(program, context, done);
  return program;
};

const scenarioHelp = (): string => {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
  const lines = SCENARIOS.map(
    ({ name, about, endsAs }) => `  ${name.padEnd(width)}  ${about} Ends ${endsAs}.`,
  );
  return `\nScenarios:\n${lines.join('\n')}\n`;
};
