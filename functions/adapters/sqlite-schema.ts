/** Names a file as a store of Sluice (`PRAGMA application_id`): "SLUI" in ASCII. */
export const APPLICATION_ID = 0x534c5549;

/** Layout of the tables (`PRAGMA user_version`); a file with a higher one is left alone. */
export const LAYOUT_VERSION = 1;

/**
 * The document is one JSON text; beside it stand the few columns that are searched. It is the last column, so that
 * lists never read its overflow pages. Times are REAL: a clock may have fractions of a millisecond.
 */
export const LAYOUT = `
CREATE TABLE rollouts (
  rolloutId TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  schemaVersion INTEGER NOT NULL,
  state TEXT NOT NULL,
  wakeAtMs REAL,
  poolKey TEXT NOT NULL,
  createdAtMs REAL NOT NULL,
  finishedAtMs REAL,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX rolloutsByWake ON rollouts (wakeAtMs, rolloutId) WHERE wakeAtMs IS NOT NULL;
CREATE INDEX rolloutsUnfinished ON rollouts (rolloutId) WHERE finishedAtMs IS NULL;
CREATE INDEX rolloutsByPool ON rollouts (poolKey, rolloutId);

CREATE TABLE watches (
  rolloutId TEXT NOT NULL,
  policy TEXT NOT NULL,
  PRIMARY KEY (rolloutId, policy)
) STRICT, WITHOUT ROWID;
CREATE INDEX watchesByPolicy ON watches (policy, rolloutId);

CREATE TABLE journal (
  rolloutId TEXT NOT NULL,
  seq INTEGER NOT NULL,
  entry TEXT NOT NULL,
  PRIMARY KEY (rolloutId, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE locks (key TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE requests (requestId TEXT NOT NULL PRIMARY KEY, rolloutId TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, lastNumber INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE attachments (
  rolloutId TEXT NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (rolloutId, name)
) STRICT;

CREATE TABLE incidents (
  incidentId TEXT NOT NULL PRIMARY KEY,
  startedAtMs REAL NOT NULL,
  receivedAtMs REAL NOT NULL,
  openSeen INTEGER NOT NULL,
  closedSeen INTEGER NOT NULL,
  incident TEXT NOT NULL
) STRICT;
CREATE INDEX incidentsByStart ON incidents (startedAtMs);
CREATE INDEX incidentsByReceipt ON incidents (receivedAtMs);

CREATE TABLE freeze (one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), freeze TEXT NOT NULL) STRICT;

CREATE TABLE rejected (id TEXT NOT NULL PRIMARY KEY, atMs REAL NOT NULL, rejected TEXT NOT NULL) STRICT;

CREATE TABLE leftovers (id TEXT NOT NULL PRIMARY KEY, dueAtMs REAL, leftover TEXT NOT NULL) STRICT;

PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${LAYOUT_VERSION};
`;
