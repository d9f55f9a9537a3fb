import { describe, expect, it } from '@jest/globals';
import { Confirmations } from './confirmations.js';

describe('Whoever waits for a confirmation', () => {
  it('is told of his own entry, and of his kind of it', async () => {
    const confirmations = new Confirmations();
    const revoked = confirmations.wait({ kind: 'revoked', id: 'a' }, 5_000);
    const lifted = confirmations.wait({ kind: 'lifted', id: 'a' }, 5_000);
    confirmations.confirm([{ kind: 'revoked', id: 'a' }]);
    expect(await revoked).toBe(true);
    confirmations.giveUp();
    expect(await lifted).toBe(false);
  });

  it('is told at the same time as all others who wait for it', async () => {
    const confirmations = new Confirmations();
    const entry = { kind: 'revoked', id: 'a' } as const;
    const all = [confirmations.wait(entry, 5_000), confirmations.wait(entry, 5_000)];
    confirmations.confirm([entry, { kind: 'revoked', id: 'nobody waits' }]);
    expect(await Promise.all(all)).toEqual([true, true]);
  });

  it('waits no longer than he said', async () => {
    expect(await new Confirmations().wait({ kind: 'revoked', id: 'a' }, 1)).toBe(false);
  });
});
