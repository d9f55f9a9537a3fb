import Libsql from 'libsql';
import { RevocationError } from '@revocast/core';

/** What a statement takes and gives. Nothing else: the binding ends the process on a boolean, and a text at a NUL. */
export type SqlValue = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, SqlValue>>;

/** The columns of a row by their kind; the schema is strict, so a wrong kind is a wrong query. */
export const textIn = (row: Row, column: string): string => row[column] as string;
export const numberIn = (row: Row, column: string): number => row[column] as number;
export const textOrNoneIn = (row: Row, column: string): string | undefined =>
  (row[column] as string | null | undefined) ?? undefined;
export const numberOrNoneIn = (row: Row, column: string): number | undefined =>
  (row[column] as number | null | undefined) ?? undefined;

/** One connection to the embedded database. Every call is synchronous: nothing runs between two statements of a transaction. */
export class Database {
  readonly #connection: Libsql.Database;
  readonly #lock: Libsql.Database;
  readonly #statements = new Map<string, Libsql.Statement>();

  /** Opens or makes the file, and takes it for this process alone: two writers with one journal would undo each other. */
  constructor(path: string) {
    this.#lock = attempt(path, () => lock(`${path}.lock`));
    this.#connection = attempt(path, () => open(path));
  }

  run(sql: string, values: readonly SqlValue[] = []): void {
    this.#prepare(sql).run(checked(values));
  }

  /** The number of the new row. */
  insert(sql: string, values: readonly SqlValue[]): number {
    return Number(this.#prepare(sql).run(checked(values)).lastInsertRowid);
  }

  one(sql: string, values: readonly SqlValue[] = []): Row | undefined {
    return this.#prepare(sql).get(checked(values)) as Row | undefined;
  }

  /** For a statement that gives exactly one row with the column `n`, NULL being 0. */
  count(sql: string, values: readonly SqlValue[] = []): number {
    const row = this.one(sql, values);
    return row === undefined ? 0 : (numberOrNoneIn(row, 'n') ?? 0);
  }

  all(sql: string, values: readonly SqlValue[] = []): readonly Row[] {
    return this.#prepare(sql).all(checked(values)) as Row[];
  }

  /** For statements without values, such as a whole schema. */
  script(sql: string): void {
    this.#connection.exec(sql);
  }

  /** All of `work` or nothing of it, on disk when this returns. */
  transaction<T>(work: () => T): T {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#connection.exec('COMMIT');
      return result;
    } catch (error) {
      this.#connection.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
    release(this.#lock);
  }

  #prepare(sql: string): Libsql.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/**
 * A transaction that stays open in a file of its own: gone with the process, however it ends. Locking the journal itself
 * would hold on until the binding's garbage is collected.
 */
function lock(path: string): Libsql.Database {
  const connection = new Libsql(path);
  connection.exec('BEGIN EXCLUSIVE');
  return connection;
}

/**
 * Nothing was written under the lock, so how its transaction ends is no matter. The binding was once seen to answer with an
 * I/O error here: by then the journal is closed and whole, and the lock ends with the process at the latest.
 */
function release(connection: Libsql.Database): void {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // See above.
  }
  connection.close();
}

const CACHE_KIB = 64 * 1024;

function open(path: string): Libsql.Database {
  const connection = new Libsql(path);
  connection.pragma('journal_mode = WAL');
  // FULL: a commit is on disk before it returns, or "accepted" would not survive a power cut.
  connection.exec('PRAGMA synchronous = FULL');
  // Keys and ids come in random order: with the default of 2 MiB, a batch into a large journal reads its pages again and again.
  connection.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  return connection;
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const because = cause instanceof Error ? cause.message : String(cause);
    throw new RevocationError('ERR_CONFIG', `The journal ${path} cannot be opened: ${because}`, { cause });
  }
}

function checked(values: readonly SqlValue[]): readonly SqlValue[] {
  for (const value of values) {
    if (typeof value === 'string' && value.includes('\0')) {
      throw new RevocationError('ERR_INVARIANT', 'A text with a NUL would be cut off by the journal');
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new RevocationError('ERR_INVARIANT', 'The journal takes finite numbers only');
    }
  }
  return values;
}
