import { DatabaseSync } from 'node:sqlite';
import { EVENTS_TOPIC, type PushTopic, type Topic } from './subscriptions.ts';

/** A message as a topic keeps it; delivered again it keeps its id. */
export interface StoredMessage {
  readonly messageId: string;
  readonly topic: Topic;
  /** Base64 of the payload. */
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly publishedAtMs: number;
  /** Deliveries begun so far. */
  readonly attempts: number;
}

export interface DeadLetter extends StoredMessage {
  readonly diedAtMs: number;
  /** What the last delivery came to. */
  readonly why: string;
}

export type NewMessage = Pick<StoredMessage, 'data' | 'attributes'>;

/** `ready` waits for its time, `out` is being delivered, `dead` was given up, `kept` has no subscriber. */
const LAYOUT = `
  CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    state TEXT NOT NULL,
    data TEXT NOT NULL,
    attributes TEXT NOT NULL,
    published_at_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_at_ms INTEGER NOT NULL,
    why TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS messages_by_time ON messages (topic, state, next_at_ms, id);
`;

interface Row {
  readonly id: number;
  readonly topic: Topic;
  readonly data: string;
  readonly attributes: string;
  readonly published_at_ms: number;
  readonly attempts: number;
  readonly next_at_ms: number;
  readonly why: string;
}

const messageOf = (row: Row): StoredMessage => ({
  messageId: String(row.id),
  topic: row.topic,
  data: row.data,
  attributes: JSON.parse(row.attributes) as Record<string, string>,
  publishedAtMs: row.published_at_ms,
  attempts: row.attempts,
});

const openFile = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec(LAYOUT);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

/** Statements of which one is used again and again. */
const statementsOf = (database: DatabaseSync) => ({
  add: database.prepare(
    'INSERT INTO messages (topic, state, data, attributes, published_at_ms, attempts, next_at_ms, why) ' +
      "VALUES (?, ?, ?, ?, ?, 0, ?, '')",
  ),
  due: database.prepare(
    "SELECT * FROM messages WHERE topic = ? AND state = 'ready' AND next_at_ms <= ? ORDER BY next_at_ms, id LIMIT 1",
  ),
  begin: database.prepare("UPDATE messages SET state = 'out', attempts = attempts + 1 WHERE id = ?"),
  next: database.prepare(
    "SELECT min(next_at_ms) AS next_at_ms FROM messages WHERE topic = ? AND state = 'ready'",
  ),
  remove: database.prepare('DELETE FROM messages WHERE id = ?'),
  again: database.prepare("UPDATE messages SET state = 'ready', next_at_ms = ? WHERE id = ?"),
  die: database.prepare("UPDATE messages SET state = 'dead', next_at_ms = ?, why = ? WHERE id = ?"),
  dead: database.prepare(
    "SELECT * FROM messages WHERE state = 'dead' AND (?1 = '' OR topic = ?1) ORDER BY id",
  ),
  prune: database.prepare(
    'DELETE FROM messages WHERE topic = ?1 AND state = ?2 AND id NOT IN ' +
      '(SELECT id FROM messages WHERE topic = ?1 AND state = ?2 ORDER BY id DESC LIMIT ?3)',
  ),
  kept: database.prepare(
    "SELECT * FROM messages WHERE topic = ? AND state = 'kept' AND id > ? ORDER BY id LIMIT ?",
  ),
});

/**
 * The bus's messages in a SQLite file: whatever was accepted is on the disk before the publisher hears of it. What becomes
 * of deliveries survives a killed process as well, but not a power cut: then a message comes once too often.
 * Every method throws what `node:sqlite` throws.
 */
export class BusFile {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof statementsOf>;

  constructor(path: string) {
    this.#database = openFile(path);
    this.#statements = statementsOf(this.#database);
  }

  /**
   * After a start. What was being delivered when the last process died was not acknowledged: it is due again, under its id.
   * A simulated world's time may begin earlier than the last one ended: nothing waits for longer than its longest pause.
   */
  recover(nowMs: number, longestPauseMs: number): number {
    const out = this.#database.prepare(
      "UPDATE messages SET state = 'ready', next_at_ms = ? WHERE state = 'out'",
    );
    const late = this.#database.prepare(
      "UPDATE messages SET next_at_ms = ?1 WHERE state = 'ready' AND next_at_ms > ?1",
    );
    late.run(nowMs + longestPauseMs);
    return Number(out.run(nowMs).changes);
  }

  /** All of them or none; returns their ids. */
  add(topic: Topic, messages: readonly NewMessage[], nowMs: number): readonly string[] {
    const state = topic === EVENTS_TOPIC ? 'kept' : 'ready';
    return this.#atOnce(() =>
      messages.map(({ data, attributes }) => {
        const added = this.#statements.add.run(topic, state, data, JSON.stringify(attributes), nowMs, nowMs);
        return String(added.lastInsertRowid);
      }),
    );
  }

  /** The longest due message of a topic, now being delivered; null: none is due. */
  take(topic: PushTopic, nowMs: number): StoredMessage | null {
    const row = this.#statements.due.get(topic, nowMs) as unknown as Row | undefined;
    if (row === undefined) return null;
    this.#statements.begin.run(row.id);
    return messageOf({ ...row, attempts: row.attempts + 1 });
  }

  /** When the next message of a topic is due, ms; null: none waits. */
  nextAtMs(topic: PushTopic): number | null {
    return (this.#statements.next.get(topic) as unknown as { next_at_ms: number | null }).next_at_ms;
  }

  acknowledge({ messageId }: StoredMessage): void {
    this.#statements.remove.run(Number(messageId));
  }

  again({ messageId }: StoredMessage, atMs: number): void {
    this.#statements.again.run(atMs, Number(messageId));
  }

  /** Given up. */
  bury({ messageId }: StoredMessage, atMs: number, why: string): void {
    this.#statements.die.run(atMs, why.slice(0, 500), Number(messageId));
  }

  deadLetters(topic?: PushTopic): readonly DeadLetter[] {
    const rows = this.#statements.dead.all(topic ?? '') as unknown as readonly Row[];
    return rows.map((row) => ({ ...messageOf(row), diedAtMs: row.next_at_ms, why: row.why }));
  }

  /** Publishes dead letters anew, under other ids (protocol P7); returns how many. */
  redrive(nowMs: number, topic?: PushTopic): number {
    const letters = this.deadLetters(topic);
    this.#atOnce(() => {
      for (const letter of letters) {
        this.#statements.remove.run(Number(letter.messageId));
        this.#statements.add.run(
          letter.topic,
          'ready',
          letter.data,
          JSON.stringify(letter.attributes),
          nowMs,
          nowMs,
        );
      }
    });
    return letters.length;
  }

  /** Only the latest so many of a topic stay. */
  prune(topic: Topic, state: 'dead' | 'kept', count: number): void {
    this.#statements.prune.run(topic, state, count);
  }

  /** Messages without a subscriber, behind one of them. */
  kept(topic: Topic, afterId: string, limit: number): readonly StoredMessage[] {
    const rows = this.#statements.kept.all(topic, Number(afterId), limit) as unknown as readonly Row[];
    return rows.map(messageOf);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  /** All of it or nothing, and on the disk. */
  #atOnce<T>(work: () => T): T {
    this.#database.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE');
    try {
      const done = work();
      this.#database.exec('COMMIT');
      return done;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    } finally {
      this.#database.exec('PRAGMA synchronous = NORMAL');
    }
  }
}
