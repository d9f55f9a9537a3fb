import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RevocationError } from '@revocast/core';
import { Database } from './database.js';
import { migrate } from './migrations.js';

/**
 * The service's own memory: every command before it is published, every outcome after it. Restarted at any point, the
 * service finishes from here what it had accepted. Throws ERR_CONFIG when the directory or the file cannot be used.
 */
export function openJournal(directory: string): Database {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new RevocationError('ERR_CONFIG', `REVOCAST_DATA_DIR: ${directory} cannot be made`, { cause });
  }
  const database = new Database(join(directory, 'journal.db'));
  migrate(database);
  return database;
}
