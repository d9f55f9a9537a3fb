import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { epochMs, epochSeconds, type RefusalReport } from '@revocast/core';
import { ManualTime } from '@revocast/testing';
import fc from 'fast-check';
import { type Database } from '../journal/database.js';
import { openJournal } from '../journal/journal.js';
import { insertRevocation } from '../journal/revocations.js';
import { RefusalLedger, type RefusalLedgerOptions } from './refusal-ledger.js';

const directory = mkdtempSync(join(tmpdir(), 'revocast-refusals-'));
const time = new ManualTime();
let database: Database;
beforeEach(() => {
  database = openJournal(directory);
  for (const id of ['r1', 'r2']) revoke(id);
});
afterEach(() => {
  database.script('DELETE FROM refusals; DELETE FROM refusal_sums; DELETE FROM key_fields; DELETE FROM revocations');
  database.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function revoke(id: string, retainUntil = time.wall() / 1000 + 86_400): void {
  const entry = {
    ...{ id, commandId: id, commandDigest: '', issuer: 'https://issuer.example', moot: false, actor: 'ann' },
    key: { scope: 'subject', sub: id } as const,
    effect: { kind: 'suspended' } as const,
    ...{ retainUntil: epochSeconds(retainUntil), reason: undefined, acceptedAt: time.wall(), supersedes: [] },
  };
  insertRevocation(database, entry, { origin: 'command', recordId: undefined });
}

type Ledger = new (options: RefusalLedgerOptions) => RefusalLedger;
const ledgerOf = (Kind: Ledger = RefusalLedger, rowsMax?: number): RefusalLedger =>
  new Kind({ database, clock: time, schedule: time.schedule, ...(rowsMax !== undefined && { rowsMax }) });

interface Told {
  readonly service: string;
  readonly instance: string;
  readonly refused: number;
  readonly run?: number;
  readonly id?: string;
}
const report = ({ id = 'r1', service, instance, refused, run = 1 }: Told): RefusalReport => ({
  ...{ service, instance, dropped: 0 },
  counts: [{ id, run, refused, lastAt: time.wall() }],
});

/** Processes of nodes, one after the other or at once, and how far each counted before it ended. */
const processes = fc.uniqueArray(
  fc.record({
    service: fc.constantFrom('payments', 'orders'),
    instance: fc.constantFrom('a', 'b', 'c'),
    run: fc.integer({ min: 1, max: 2 }),
    refused: fc.integer({ min: 1, max: 9 }),
  }),
  { selector: ({ service, instance, run }) => `${service} ${instance} ${run}`, minLength: 1, maxLength: 6 },
);

/** What is wrong with sums of this kind, or undefined. Reports are lost, doubled and overtaken; only the last word of each process comes for sure. */
function judge(Kind: Ledger): string | undefined {
  const law = fc.property(processes, fc.infiniteStream(fc.nat(999)), (all, dice) => {
    const roll = (sides: number): number => (dice.next().value ?? 0) % sides;
    const sent = all.flatMap((one) =>
      Array.from({ length: one.refused }, (_, at) => ({ ...one, refused: at + 1 })).flatMap((told) => {
        const copies = told.refused === one.refused ? 1 + roll(2) : roll(3);
        return Array.from({ length: copies }, () => ({ told, at: roll(1_000) }));
      }),
    );
    database.script('DELETE FROM refusals');
    let ledger = ledgerOf(Kind);
    for (const { told } of sent.sort((one, other) => one.at - other.at)) {
      ledger.heard(report(told));
      if (roll(4) > 0) continue;
      ledger.close();
      ledger = ledgerOf(Kind);
    }
    const sums = [ledger.of('r1').refused, ledger.of('r2').refused];
    ledger.close();
    expect(sums).toEqual([all.reduce((sum, { refused }) => sum + refused, 0), 0]);
  });
  const { failed, counterexample } = fc.check(law, { numRuns: 60, endOnFailure: true });
  return failed ? JSON.stringify(counterexample?.[0]) : undefined;
}

class Adding extends RefusalLedger {
  override heard(told: RefusalReport): void {
    const counts = told.counts.map((count) => ({ ...count, refused: count.refused + this.of(count.id).refused }));
    super.heard({ ...told, counts });
  }
}
class ByService extends RefusalLedger {
  override heard(told: RefusalReport): void {
    super.heard({ ...told, instance: 'any' });
  }
}
class WithoutRuns extends RefusalLedger {
  override heard(told: RefusalReport): void {
    super.heard({ ...told, counts: told.counts.map((count) => ({ ...count, run: 1 })) });
  }
}
class LastWins extends RefusalLedger {
  override heard(told: RefusalReport): void {
    this.store();
    for (const { id, run } of told.counts) {
      const { service, instance } = told;
      const values = [id, service, instance, run];
      database.run('DELETE FROM refusals WHERE revocation_id = ? AND service = ? AND instance = ? AND run = ?', values);
    }
    super.heard(told);
  }
}
class Forgetful extends RefusalLedger {
  override close(): void {
    super.close();
    database.script('DELETE FROM refusals');
  }
}

describe('What a revocation refused, all over the fleet', () => {
  it('is the sum of what its nodes counted, whatever became of their reports', () => {
    expect(judge(RefusalLedger)).toBeUndefined();
  });

  it.each<[string, Ledger]>([
    ['counts a repeated report twice', Adding],
    ['loses what a node counted before it was restarted', ByService],
    ['takes a count that began anew for the one before', WithoutRuns],
    ['believes the report that came last', LastWins],
    ['forgets with its own restart', Forgetful],
  ])('is seen through when it %s', (_, Kind) => {
    expect(judge(Kind)).toBeDefined();
  });

  it('names the service that refused last, by no clock that runs ahead', async () => {
    const ledger = ledgerOf();
    const ahead = report({ service: 'payments', instance: 'a', refused: 3 });
    ledger.heard({ ...ahead, counts: ahead.counts.map((count) => ({ ...count, lastAt: epochMs(time.wall() + 9e9) })) });
    await time.advance(1_000);
    ledger.heard(report({ service: 'orders', instance: 'b', refused: 1 }));
    expect(ledger.of('r1')).toMatchObject({ refused: 4, last: { service: 'orders', at: time.wall() }, atLeast: false });
    expect(ledger.of('r1').services.map(({ service, refused }) => [service, refused])).toEqual([
      ['payments', 3],
      ['orders', 1],
    ]);
    expect(ledger.of('r2')).toMatchObject({ refused: 0, last: undefined });
    ledger.close();
  });

  it('takes nothing for a revocation that nobody knows', () => {
    const ledger = ledgerOf();
    ledger.heard(report({ id: 'invented', service: 'payments', instance: 'a', refused: 3 }));
    expect(ledger.of('invented').refused).toBe(0);
    expect(ledger.rows).toBe(0);
    ledger.close();
  });

  it('says that it lacks some when there was no room, here or on a node', () => {
    const ledger = ledgerOf(RefusalLedger, 1);
    ledger.heard(report({ service: 'payments', instance: 'a', refused: 3 }));
    expect(ledger.of('r1')).toMatchObject({ refused: 3, atLeast: false });
    ledger.heard(report({ service: 'payments', instance: 'b', refused: 1 }));
    expect(ledger.of('r1')).toMatchObject({ refused: 3, atLeast: true });
    ledger.close();
    const other = ledgerOf();
    other.heard({ ...report({ service: 'payments', instance: 'a', refused: 3 }), dropped: 1 });
    expect(other.of('r1').atLeast).toBe(true);
    other.close();
  });

  it('is closed an hour after the revocation is over, and no late report opens it again', async () => {
    revoke('short', time.wall() / 1000 + 60);
    const ledger = ledgerOf();
    ledger.heard(report({ id: 'short', service: 'payments', instance: 'a', refused: 3 }));
    ledger.heard(report({ id: 'short', service: 'payments', instance: 'b', refused: 4 }));
    expect(ledger.of('short').refused).toBe(7);
    await time.advance(2 * 3_600_000);
    ledger.heard(report({ service: 'payments', instance: 'a', refused: 1 }));
    await time.advance(2_000);
    expect(ledger.of('r1').refused).toBe(1);
    expect(ledger.rows).toBe(1);
    time.stepWall(-2 * 3_600_000);
    ledger.heard(report({ id: 'short', service: 'payments', instance: 'a', refused: 3 }));
    expect(ledger.of('short').refused).toBe(7);
    ledger.close();
  });
});
