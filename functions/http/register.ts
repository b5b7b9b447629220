import { cloudEvent, http } from '@google-cloud/functions-framework';
import type { Functions } from '../compose.ts';
import { createApiHandler } from './api-handler.ts';
import { answerErrorsAsProblems } from './error-answers.ts';
import { createEventHandler } from './event-handler.ts';

/** The functions by the names that they are deployed under. */
export const FUNCTION_NAMES = ['api', 'on-request', 'on-alert', 'on-tick', 'on-wake'] as const;

export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** Tells functions-framework about all of them; which one a server runs is the server's choice. */
export const register = (functions: Functions): void => {
  answerErrorsAsProblems();
  const { traced, stopping } = functions;
  http(
    'api',
    createApiHandler({
      api: functions.api,
      watch: functions.watch,
      principal: functions.principal,
      traced,
      ...(stopping === undefined ? {} : { stopping }),
    }),
  );
  cloudEvent('on-request', createEventHandler('on-request', functions.onRequest, traced));
  cloudEvent('on-alert', createEventHandler('on-alert', functions.onAlert, traced));
  cloudEvent('on-tick', createEventHandler('on-tick', functions.onTick, traced));
  cloudEvent('on-wake', createEventHandler('on-wake', functions.onWake, traced));
};
