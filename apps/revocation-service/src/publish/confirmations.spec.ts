import { describe, expect, it } from '@jest/globals';
import { sequence } from '@revocast/core';
import { Confirmations } from './confirmations.js';

const STORED = { epoch: 'e1', sequence: sequence(7) };

describe('Whoever waits for a confirmation', () => {
  it('is told of his own entry, and of his kind of it', async () => {
    const confirmations = new Confirmations();
    const revoked = confirmations.wait({ kind: 'revoked', id: 'a' }, 5_000);
    const lifted = confirmations.wait({ kind: 'lifted', id: 'a' }, 5_000);
    confirmations.confirm([{ kind: 'revoked', id: 'a' }], STORED);
    expect(await revoked).toEqual(STORED);
    confirmations.giveUp();
    expect(await lifted).toBeUndefined();
  });

  it('is told at the same time as all others who wait for it', async () => {
    const confirmations = new Confirmations();
    const entry = { kind: 'revoked', id: 'a' } as const;
    const all = [confirmations.wait(entry, 5_000), confirmations.wait(entry, 5_000)];
    confirmations.confirm([entry, { kind: 'revoked', id: 'nobody waits' }], STORED);
    expect(await Promise.all(all)).toEqual([STORED, STORED]);
  });

  it('waits no longer than he said', async () => {
    expect(await new Confirmations().wait({ kind: 'revoked', id: 'a' }, 1)).toBeUndefined();
  });
});
