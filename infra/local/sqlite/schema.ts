/** Raised with every change of the tables: a file of an older version is brought up to date, of a newer one refused. */
export const schemaVersion = 2;

/** Marks the file as ours ("CASE"), so that another program's database is never written to. */
export const applicationId = 0x43415345;

/**
 * Tables as 02-write-path describes the items. Times are milliseconds since the epoch. No index holds content.
 * Large or growing tables have an integer key, so that new rows land on the same few pages.
 */
export const schema = `
CREATE TABLE heads (
  seq INTEGER PRIMARY KEY,
  patient_id TEXT NOT NULL UNIQUE,
  commit_id TEXT,
  commits INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER,
  packs TEXT NOT NULL DEFAULT '{}',
  replaced TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX heads_by_time ON heads (updated_at, patient_id);

-- The leases that are held. While there is one, the patient's epoch is in it, so that taking it leaves the long row alone.
CREATE TABLE leases (
  patient_id TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL,
  owner TEXT NOT NULL,
  until INTEGER NOT NULL,
  process TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- seq is the time of submission in steps of 1/1024 ms, so that this table and each of its indexes is in that order.
-- sent_at is when the message of attempt 1 was sent, where that was in the row's own transaction.
CREATE TABLE operations (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  patient_id TEXT NOT NULL,
  command TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  caller_name TEXT NOT NULL,
  caller_role TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  submitted_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'committed', 'rejected', 'parked')),
  attempt INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  version INTEGER NOT NULL,
  settled_at INTEGER,
  commit_id TEXT,
  resource TEXT,
  etag TEXT,
  problem TEXT,
  sent_at INTEGER
) STRICT;
CREATE INDEX operations_by_patient ON operations (patient_id);
CREATE INDEX operations_by_subject ON operations (subject);
CREATE INDEX operations_queued ON operations (state) WHERE state = 'queued';
CREATE INDEX operations_queued_by_patient ON operations (patient_id) WHERE state = 'queued';
CREATE INDEX operations_rejected ON operations (state) WHERE state = 'rejected';
CREATE INDEX operations_rejected_by_patient ON operations (patient_id) WHERE state = 'rejected';
CREATE INDEX operations_parked ON operations (state) WHERE state = 'parked';
CREATE INDEX operations_parked_by_patient ON operations (patient_id) WHERE state = 'parked';

-- Of operations that wait or are parked: few, so that age needs no index. Most of their bytes are on pages of their own,
-- which SQLite frees without writing them.
CREATE TABLE payloads (
  operation_id TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  stored_at INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (operation_id, request_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE identifiers (
  system TEXT NOT NULL,
  value TEXT NOT NULL,
  patient_id TEXT NOT NULL,
  PRIMARY KEY (system, value)
) STRICT, WITHOUT ROWID;

-- Written when demographics change; commit, number and time of the last change are the head's.
CREATE TABLE summaries (
  patient_id TEXT PRIMARY KEY,
  commits INTEGER NOT NULL,
  family TEXT NOT NULL,
  birth_date TEXT NOT NULL,
  summary TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX summaries_by_family ON summaries (family);
CREATE INDEX summaries_by_birth_date ON summaries (birth_date);

CREATE TABLE effects (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  patient_id TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;

-- In parts of 64 KiB, so that a range of a large segment is read without the rest.
CREATE TABLE segments (
  seq INTEGER PRIMARY KEY,
  patient_id TEXT NOT NULL,
  id TEXT NOT NULL,
  part INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (patient_id, id, part)
) STRICT;

-- One row for each group with messages: available_at is 0 when it may be received, else when its claim runs out.
CREATE TABLE queue_groups (
  queue INTEGER NOT NULL,
  name TEXT NOT NULL,
  available_at INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  last INTEGER NOT NULL,
  in_flight INTEGER NOT NULL DEFAULT 0,
  claim TEXT,
  process TEXT,
  PRIMARY KEY (queue, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_groups_available ON queue_groups (queue, available_at, turn);

CREATE TABLE queue_messages (
  queue INTEGER NOT NULL,
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  operation_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  receive_count INTEGER NOT NULL DEFAULT 0,
  visible_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (queue, name, number)
) STRICT, WITHOUT ROWID;

-- Messages sent apart from their rows, for as long as the same one is not sent again.
CREATE TABLE queue_sent (
  id TEXT PRIMARY KEY,
  forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_sent_by_age ON queue_sent (forget_at);

CREATE TABLE processes (
  id TEXT PRIMARY KEY,
  pid INTEGER NOT NULL,
  started TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
