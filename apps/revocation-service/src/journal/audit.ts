import { type EpochMs } from '@revocast/core';
import { type Database } from './database.js';

/** An operator's act that is no revocation and no lift. */
export interface AuditEntry {
  readonly at: EpochMs;
  readonly actor: string;
  readonly action: 'nodeForgotten';
  readonly subject: string;
  readonly reason: string | undefined;
}

export function writeAudit(database: Database, entry: AuditEntry): void {
  database.run('INSERT INTO audit (at, actor, action, subject, reason) VALUES (?, ?, ?, ?, ?)', [
    entry.at,
    entry.actor,
    entry.action,
    entry.subject,
    entry.reason ?? null,
  ]);
}
