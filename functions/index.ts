/**
 * What functions-framework loads: all functions are registered, and a service runs the one that its target names. A wrong
 * environment ends the start with a sentence per variable, so that no revision with it ever takes a request.
 */
import { compose } from './compose.ts';
import { readConfig } from './config.ts';
import { register } from './http/register.ts';

const read = readConfig(process.env);
if (read.kind === 'problems') throw new Error(`the environment is not complete: ${read.problems.join('; ')}`);

register(compose({ config: read.config, writeLog: (line) => process.stdout.write(`${line}\n`) }));
