import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Database } from './database.js';
import { openJournal } from './journal.js';

const directory = (): string => mkdtempSync(join(tmpdir(), 'revocast-database-'));
const opened = (): Database => {
  const database = new Database(join(directory(), 'test.db'));
  database.script('CREATE TABLE things (name TEXT, size REAL, bytes BLOB) STRICT');
  return database;
};

describe('The journal’s database', () => {
  it('gives back what it took', () => {
    const database = opened();
    const name = 'é "quoted" \u{1f600}';
    const position = database.insert('INSERT INTO things VALUES (?, ?, ?)', [name, 1.5, new Uint8Array([1, 0, 2])]);
    const row = database.one('SELECT rowid, name, size, bytes FROM things WHERE name = ?', [name]);
    expect(row).toMatchObject({ rowid: position, name, size: 1.5 });
    expect([...new Uint8Array(row?.['bytes'] as Uint8Array)]).toEqual([1, 0, 2]);
    expect(database.one('SELECT * FROM things WHERE name = ?', ['none'])).toBeUndefined();
    database.close();
  });

  it.each([['a\0b'], [Number.NaN], [Number.POSITIVE_INFINITY]])('refuses %p, which it would not give back', (value) => {
    const database = opened();
    expect(() => database.run('INSERT INTO things (name) VALUES (?)', [value])).toThrow(
      expect.objectContaining({ code: 'ERR_INVARIANT' }),
    );
    database.close();
  });

  it('keeps all of a transaction or nothing', () => {
    const database = opened();
    const insert = (): void => database.run('INSERT INTO things (name) VALUES (?)', ['kept?']);
    expect(() =>
      database.transaction(() => {
        insert();
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(database.count('SELECT COUNT(*) AS n FROM things')).toBe(0);
    database.transaction(insert);
    expect(database.count('SELECT COUNT(*) AS n FROM things')).toBe(1);
    database.close();
  });

  it('belongs to one opener at a time, and to the next once it is closed', () => {
    const path = directory();
    const first = openJournal(path);
    expect(() => openJournal(path)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }));
    first.close();
    openJournal(path).close();
  });

  it('of a later release is refused, not misread', () => {
    const path = directory();
    const journal = openJournal(path);
    journal.script('PRAGMA user_version = 99');
    journal.close();
    expect(() => openJournal(path)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringContaining('99') }),
    );
  });
});
