/** Those who ask for rollouts and look after them: they see what the API shows and know nothing else. */
import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import type { Recorder } from './recorder/recorder.ts';
import type { Trial, TrialDeed, TrialOperator } from './trial.ts';

const AUTHOR = 'author@example.com';
const OPERATOR = 'operator@example.com';

/** How long a client waits before it sends a request again that failed on the way. */
const RETRY_MS = 20_000;

interface View {
  readonly state: string;
  readonly step: string;
  readonly stepEntry: string;
  readonly pauseGeneration: number;
  readonly hold: { readonly id: string; readonly reason: string } | null;
  readonly finishedAtMs: number | null;
}

export interface PeopleOptions {
  readonly trial: Trial;
  readonly cloud: SimulatedCloud;
  readonly recorder: Recorder;
  /** When the phase with faults ends, and with it everybody's day. */
  readonly untilMs: number;
}

type Body = Readonly<Record<string, unknown>>;

export class People {
  readonly #options: PeopleOptions;
  #requests = 0;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** The id that the store gave to the order's start; null: there is none. */
  rolloutIdOf(order: number): string | null {
    return this.#options.cloud.store.truth.requests.get(`start-${order}`) ?? null;
  }

  /** Sends a start, again and again until somebody answers. */
  start(order: number, body: Body): void {
    const { trial } = this.#options;
    const id = `start-${order}`;
    const sent = { requestId: id, ...body };
    if (trial.orders[order]?.via === 'requests') this.#publish(id, 'start', null, sent);
    else this.#post({ id, action: 'start', rolloutId: null, path: '/v1/rollouts', body: sent });
  }

  /** Looks at a rollout now and then, approves, and does something about holds. */
  lookAfter(order: number, operator: TrialOperator): void {
    const { scheduler } = this.#options.cloud;
    const look = (): void => {
      if (scheduler.nowMs >= this.#options.untilMs) return;
      const rolloutId = this.rolloutIdOf(order);
      if (rolloutId === null) return again();
      this.#view(rolloutId, (view) => {
        if (view === null || view.finishedAtMs !== null) return again();
        if (view.step === 'approving' && operator.approves)
          this.#act({ order, via: 'api', action: 'approve' }, rolloutId, view);
        else if (view.hold !== null && operator.onHold !== 'wait') {
          const drifted = view.hold.reason === 'drift';
          const action =
            operator.onHold === 'rollback' ? 'rollback' : drifted ? driftAction(operator) : 'resume';
          this.#act({ order, via: 'api', action }, rolloutId, view);
        }
        again();
      });
    };
    const again = (): void => void scheduler.at(scheduler.nowMs + operator.everyMs, look);
    again();
  }

  /** Does it now: with what the API shows now, or what it showed a while ago. */
  do(deed: TrialDeed): void {
    const { scheduler } = this.#options.cloud;
    if (deed.action === 'freeze' || deed.action === 'unfreeze') return this.#freeze(deed);
    const rolloutId = this.rolloutIdOf(deed.order);
    if (rolloutId === null) return;
    this.#view(rolloutId, (view) => {
      if (view === null) return;
      const act = (): void => this.#act(deed, rolloutId, view);
      if (deed.staleByMs === 0) act();
      else scheduler.at(scheduler.nowMs + deed.staleByMs, act);
    });
  }

  #freeze(deed: TrialDeed): void {
    const id = this.#nextId(deed.action);
    const body = deed.action === 'freeze' ? { reason: 'a bad day', untilMs: this.#options.untilMs } : {};
    if (deed.via === 'requests') return this.#publish(id, deed.action, null, { requestId: id, ...body });
    this.#post({
      id,
      action: deed.action,
      rolloutId: null,
      path: `/v1/${deed.action}`,
      body: { requestId: id, ...body },
    });
  }

  #act(
    deed: Pick<TrialDeed, 'order' | 'via' | 'action'> & { again?: boolean },
    rolloutId: string,
    view: View,
  ): void {
    const { action, body } = bodyOf(deed.action, view);
    const id = this.#nextId(action);
    const sent = { requestId: id, ...body };
    const send = (): void => {
      if (deed.via === 'requests') this.#publish(id, action, rolloutId, { ...sent, rolloutId });
      else this.#post({ id, action, rolloutId, path: `/v1/rollouts/${rolloutId}/${action}`, body: sent });
    };
    send();
    const { scheduler } = this.#options.cloud;
    if (deed.again === true) scheduler.at(scheduler.nowMs + RETRY_MS, send);
  }

  #nextId(action: string): string {
    this.#requests += 1;
    return `${action}-${this.#requests}`;
  }

  #publish(id: string, action: string, rolloutId: string | null, body: Body): void {
    this.#sent('requests', { id, action, rolloutId, body });
    const principal = action === 'start' ? AUTHOR : OPERATOR;
    this.#options.cloud.platform.publish('requests', JSON.stringify({ action, ...body }), { principal });
  }

  #post(request: {
    readonly id: string;
    readonly action: string;
    readonly rolloutId: string | null;
    readonly path: string;
    readonly body: Body;
  }): void {
    const { cloud, recorder } = this.#options;
    const principal = request.action === 'start' ? AUTHOR : OPERATOR;
    this.#sent('api', request);
    const { path, body } = request;
    void cloud.platform
      .call({ method: 'POST', path, query: {}, headers: {}, body, principal })
      .then((response) => {
        const { code = '' } = (response.body ?? {}) as { readonly code?: string };
        const { status } = response;
        recorder.add({ kind: 'answer', atMs: cloud.scheduler.nowMs, id: request.id, status, code });
        if (status >= 500 && cloud.scheduler.nowMs < this.#options.untilMs)
          cloud.scheduler.at(cloud.scheduler.nowMs + RETRY_MS, () => this.#post(request));
      });
  }

  #sent(
    via: 'api' | 'requests',
    {
      id,
      action,
      rolloutId,
      body,
    }: {
      readonly id: string;
      readonly action: string;
      readonly rolloutId: string | null;
      readonly body: Body;
    },
  ): void {
    const { manifests: _manifests, file: _file, ...told } = body;
    this.#options.recorder.add({
      kind: 'sent',
      atMs: this.#options.cloud.scheduler.nowMs,
      via,
      id,
      action,
      rolloutId,
      body: told,
    });
  }

  #view(rolloutId: string, seen: (view: View | null) => void): void {
    const { cloud } = this.#options;
    void cloud.platform
      .call({
        method: 'GET',
        path: `/v1/rollouts/${rolloutId}`,
        query: {},
        headers: {},
        body: undefined,
        principal: OPERATOR,
      })
      .then(({ status, body }) => seen(status === 200 ? (body as View) : null));
  }
}

const driftAction = ({ onHold }: TrialOperator): TrialDeed['action'] =>
  onHold === 'adopt' || onHold === 'reapply' ? onHold : 'reapply';

/** A deed as the API names it. */
const bodyOf = (deed: TrialDeed['action'], view: View): { readonly action: string; readonly body: Body } => {
  const generation = view.pauseGeneration + 1;
  const holdId = view.hold?.id ?? null;
  switch (deed) {
    case 'pause':
      return { action: 'pause', body: { generation, reason: 'a look first' } };
    case 'resume':
      return { action: 'resume', body: { generation, holdId } };
    case 'adopt':
    case 'reapply':
      return { action: 'resume', body: { generation, holdId, drift: deed } };
    case 'approve':
    case 'finish':
      return { action: deed, body: { stepEntry: view.stepEntry } };
    case 'skip':
      return { action: 'skip', body: { stepEntry: view.stepEntry, reason: 'seen enough' } };
    case 'rollback':
      return { action: 'rollback', body: { reason: 'changed my mind' } };
    case 'force':
      return { action: 'rollback', body: { reason: 'at any price', force: true } };
    case 'abandon':
      return { action: 'abandon', body: { reason: 'enough' } };
    case 'freeze':
    case 'unfreeze':
      return { action: deed, body: {} };
    default:
      return deed satisfies never;
  }
};
