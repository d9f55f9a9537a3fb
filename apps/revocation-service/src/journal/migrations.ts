import { RevocationError } from '@revocast/core';
import { type Database } from './database.js';

/**
 * The schema, one step per version; a step that was released is never edited. Times are epoch milliseconds where they are
 * ours (`_at`) and epoch seconds where they belong to tokens (`issued_before`, `retain_until`; NULL = until lifted).
 */
const STEPS: readonly string[] = [
  `
  CREATE TABLE records (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    epoch TEXT NOT NULL,
    issuer TEXT,
    scope TEXT,
    subject TEXT NOT NULL,
    payload BLOB,
    signature TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    acked_at INTEGER,
    sequence INTEGER,
    proof TEXT
  ) STRICT;
  CREATE INDEX records_pending ON records (epoch, made_at) WHERE acked_at IS NULL;
  CREATE INDEX records_sequence ON records (epoch, sequence);
  CREATE INDEX records_framing ON records (epoch, kind, made_at) WHERE kind IN ('epochOpened', 'settingsDeclared');

  CREATE TABLE revocations (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    command_id TEXT NOT NULL,
    command_digest TEXT NOT NULL,
    issuer TEXT NOT NULL,
    scope TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    key_fields TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('always', 'issuedBefore', 'suspended')),
    issued_before REAL,
    moot INTEGER NOT NULL CHECK (moot IN (0, 1)),
    retain_until REAL,
    superseded_by TEXT,
    supersedes TEXT,
    actor TEXT NOT NULL,
    reason TEXT,
    accepted_at INTEGER NOT NULL,
    record_id TEXT REFERENCES records (id),
    carrier_id TEXT REFERENCES records (id),
    lifted_at INTEGER
  ) STRICT;
  CREATE INDEX revocations_command ON revocations (command_id);
  CREATE INDEX revocations_key ON revocations (key_hash);
  CREATE INDEX revocations_issuer ON revocations (issuer, scope, position);
  CREATE INDEX revocations_carrier ON revocations (carrier_id);
  CREATE INDEX revocations_retained ON revocations (retain_until) WHERE moot = 0 AND lifted_at IS NULL;
  CREATE INDEX revocations_superseded ON revocations (superseded_by) WHERE superseded_by IS NOT NULL;

  CREATE TABLE key_fields (
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    position INTEGER NOT NULL REFERENCES revocations (position),
    PRIMARY KEY (field, value, position)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE lifts (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    revocation_id TEXT NOT NULL UNIQUE REFERENCES revocations (id),
    retain_until REAL NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT,
    accepted_at INTEGER NOT NULL,
    record_id TEXT REFERENCES records (id),
    carrier_id TEXT REFERENCES records (id)
  ) STRICT;
  CREATE INDEX lifts_carrier ON lifts (carrier_id);

  CREATE TABLE epochs (
    epoch TEXT PRIMARY KEY,
    previous TEXT,
    state TEXT NOT NULL CHECK (state IN ('opening', 'open', 'closed')),
    hash_key_digest TEXT NOT NULL,
    log_name TEXT,
    log_created TEXT,
    head INTEGER NOT NULL DEFAULT 0,
    rolled_back INTEGER NOT NULL DEFAULT 0 CHECK (rolled_back IN (0, 1)),
    began_at INTEGER NOT NULL,
    opened_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX epochs_not_closed ON epochs ((1)) WHERE state <> 'closed';

  CREATE TABLE declarations (
    issuer TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,
    record_id TEXT NOT NULL REFERENCES records (id)
  ) STRICT;

  CREATE TABLE audit (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT
  ) STRICT;
  `,
  // Several instances write to one log: what others accepted is taken from it. A lift may be read before its revocation,
  // or outlive it, so it no longer refers to one.
  `
  ALTER TABLE revocations ADD COLUMN origin TEXT NOT NULL DEFAULT 'command' CHECK (origin IN ('command', 'log'));

  ALTER TABLE lifts RENAME TO lifts_before;
  DROP INDEX lifts_carrier;
  CREATE TABLE lifts (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    revocation_id TEXT NOT NULL UNIQUE,
    issuer TEXT NOT NULL,
    scope TEXT NOT NULL,
    retain_until REAL NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('command', 'log')),
    actor TEXT NOT NULL,
    reason TEXT,
    accepted_at INTEGER NOT NULL,
    record_id TEXT REFERENCES records (id),
    carrier_id TEXT REFERENCES records (id)
  ) STRICT;
  INSERT INTO lifts SELECT t.position, t.revocation_id, r.issuer, r.scope, t.retain_until, 'command', t.actor, t.reason,
    t.accepted_at, t.record_id, t.carrier_id FROM lifts_before t JOIN revocations r ON r.id = t.revocation_id;
  DROP TABLE lifts_before;
  CREATE INDEX lifts_carrier ON lifts (carrier_id);

  ALTER TABLE epochs ADD COLUMN taken INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE epochs ADD COLUMN rebuilt_at INTEGER;

  ALTER TABLE declarations ADD COLUMN own_digest TEXT NOT NULL DEFAULT '';
  ALTER TABLE declarations ADD COLUMN settings TEXT;
  UPDATE declarations SET own_digest = digest;

  -- Ids follow from the command, so it needs no index of its own: each one costs every revocation of a batch.
  DROP INDEX revocations_command;
  `,
  // Nodes that are cut off may still have a bound that was allowed before.
  `
  CREATE TABLE fleet_bound (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    largest_ms INTEGER NOT NULL
  ) STRICT;
  `,
  // What nodes refused, one row for each run of a count: its largest value is what counts, so that a report may come twice.
  // Once a revocation is over its rows are added up into one for each service, and nothing is added any more.
  `
  CREATE TABLE refusals (
    revocation_id TEXT NOT NULL,
    instance TEXT NOT NULL,
    run INTEGER NOT NULL,
    service TEXT NOT NULL,
    refused INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (revocation_id, service, instance, run)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE refusal_sums (
    revocation_id TEXT NOT NULL,
    service TEXT NOT NULL,
    refused INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (revocation_id, service)
  ) STRICT, WITHOUT ROWID;
  `,
  // What is to be ended at the identity provider once a revocation is in the log.
  `
  CREATE TABLE endings (
    revocation_id TEXT PRIMARY KEY REFERENCES revocations (id),
    target_kind TEXT NOT NULL CHECK (target_kind IN ('subject', 'session')),
    target TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'ended', 'unknown', 'failed')),
    attempts INTEGER NOT NULL,
    since INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    ended_at INTEGER,
    closed_by TEXT,
    failure TEXT
  ) STRICT;
  CREATE INDEX endings_due ON endings (next_at) WHERE state = 'due';
  `,
  // Conditions, and when they ended. `partial`: the record hits some people later than others, so it proves nothing by itself.
  `
  ALTER TABLE revocations ADD COLUMN condition TEXT;
  ALTER TABLE revocations ADD COLUMN spread_until INTEGER;
  ALTER TABLE revocations ADD COLUMN condition_ended_at INTEGER;
  CREATE INDEX revocations_spread ON revocations (spread_until)
    WHERE spread_until IS NOT NULL AND condition_ended_at IS NULL;
  ALTER TABLE records ADD COLUMN partial INTEGER NOT NULL DEFAULT 0 CHECK (partial IN (0, 1));
  `,
];

/** Brings the schema to the newest version. Throws ERR_CONFIG for a journal that a later release wrote. */
export function migrate(database: Database): void {
  const version = Number(database.one('PRAGMA user_version')?.['user_version'] ?? 0);
  if (version > STEPS.length) {
    throw new RevocationError('ERR_CONFIG', `The journal has version ${version}; this release knows ${STEPS.length}`);
  }
  STEPS.slice(version).forEach((step, index) => {
    database.transaction(() => {
      database.script(step);
      database.script(`PRAGMA user_version = ${version + index + 1}`);
    });
  });
}
