/** A whole list, by pages. Source: kubernetes.io, API concepts, "Retrieving large results sets in chunks". */
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { KubeAnswer, KubeList, NoAnswer } from '../../workflows/ports.ts';
import type { ListPage } from './kube-answer.ts';

type Answer<T> = KubeAnswer<T> | NoAnswer;

/** Reads the page behind `token`; undefined: the first. */
export type ReadPage = (token: string | undefined) => Promise<Answer<ListPage>>;

/** A hundred thousand objects: more is a server that never ends. */
const PAGES_MAX = 200;
/** The token is too old: what lies behind it is another moment's. */
const GONE = 410;

type Pass = { readonly kind: 'expired' } | { readonly kind: 'done'; readonly answer: Answer<KubeList> };

const done = (answer: Answer<KubeList>): Pass => ({ kind: 'done', answer });

const readOnce = async (readPage: ReadPage): Promise<Pass> => {
  const items: KubeObject[] = [];
  let token: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const answer = await readPage(token);
    if (answer.kind === 'noAnswer') return done(answer);
    const { status, object, failure } = answer;
    if (object === undefined) {
      if (status === GONE && token !== undefined) return { kind: 'expired' };
      return done({ kind: 'answer', status, ...(failure === undefined ? {} : { failure }) });
    }
    for (const item of object.items) items.push(item);
    const { resourceVersion, continueToken } = object;
    if (continueToken === '') return done({ kind: 'answer', status, object: { resourceVersion, items } });
    token = continueToken;
  }
  return done({ kind: 'noAnswer', why: `the list has no end after ${PAGES_MAX} pages` });
};

/** All pages. A list that expires in the middle is begun again once. */
export const readAllPages = async (readPage: ReadPage): Promise<Answer<KubeList>> => {
  for (let passes = 0; passes < 2; passes += 1) {
    const pass = await readOnce(readPage);
    if (pass.kind === 'done') return pass.answer;
  }
  return { kind: 'noAnswer', why: 'the list expired twice while it was read' };
};
