import { describe, expect, it } from '@jest/globals';
import { epochMs, type Effect, type RevocationKey } from '@revocast/core';
import { AN_ISSUER, someFacts } from '@revocast/testing';
import { asRevocations, blastWarnings } from './blast-radius.js';
import { revocationCommandSchema } from './command-schema.js';
import { type PlannedRevocation } from './plan.js';

const NOW = epochMs(Date.UTC(2026, 0, 1));
const planned = (key: RevocationKey, parts: Partial<PlannedRevocation> = {}): PlannedRevocation => ({
  ...{ issuer: AN_ISSUER, key, effect: { kind: 'suspended' }, retainUntil: 'lifted', moot: false },
  ...parts,
});
const codes = (one: PlannedRevocation, parts: Partial<Parameters<typeof blastWarnings>[0]> = {}): readonly string[] =>
  blastWarnings({ planned: [one], own: undefined, machines: null, now: NOW, ...parts }).map(({ code }) => code);

describe('The blast radius of a command', () => {
  it.each<[RevocationKey, readonly string[]]>([
    [{ scope: 'issuer' }, ['allUsers']],
    [{ scope: 'key', kid: 'k' }, ['allUsers']],
    [{ scope: 'client', clientId: 'app-1' }, ['allUsersOfClient']],
    [{ scope: 'subject', sub: 'bob' }, []],
  ])('of %j names who is hit beside one person: %j', (key, expected) => {
    expect(codes(planned(key))).toEqual(expected);
  });

  it('names the session of who asks, by the rule that will decide', () => {
    const own = someFacts({ sub: 'alice' });
    expect(codes(planned({ scope: 'subject', sub: 'alice' }), { own })).toEqual(['ownSession']);
    expect(codes(planned({ scope: 'subject', sub: 'bob' }), { own })).toEqual([]);
    const before = (seconds: number): Effect => ({ kind: 'issuedBefore', issuedBefore: seconds as never });
    const cutOff = (seconds: number): PlannedRevocation =>
      planned({ scope: 'subject', sub: 'alice' }, { effect: before(seconds) });
    expect(codes(cutOff(own.issuedAt + 1), { own })).toEqual(['ownSession']);
    expect(codes(cutOff(own.issuedAt), { own })).toEqual([]);
    expect(codes(planned({ scope: 'subject', sub: 'alice' }, { issuer: 'https://other.example' }), { own })).toEqual(
      [],
    );
  });

  it('names machine clients, and whether they come back by themselves', () => {
    const one = planned({ scope: 'client', clientId: 'app-1' });
    expect(codes(one, { machines: { atLeast: 2, atMost: 2 } })).toEqual(['allUsersOfClient', 'machines']);
    expect(codes(one, { machines: { atLeast: 0, atMost: null } })).toEqual(['allUsersOfClient']);
    const [, warning] = blastWarnings({
      planned: [one],
      own: undefined,
      machines: { atLeast: 1, atMost: null },
      now: NOW,
    });
    expect(warning?.detail).toBe(
      'It hits machine clients: at least 1 live token. They are locked out until it is lifted.',
    );
  });

  it.each([{ exceptClients: ['batch'] }, { spread: '10m' }])(
    'has no exceptions and no waves: %j is refused',
    (more) => {
      const command = { issuer: AN_ISSUER, scope: 'issuer' };
      expect(revocationCommandSchema.safeParse(command).success).toBe(true);
      expect(revocationCommandSchema.safeParse({ ...command, ...more }).success).toBe(false);
    },
  );

  it('of what can hit nothing any more is none', () => {
    const moot = planned({ scope: 'issuer' }, { moot: true });
    expect(asRevocations([moot])).toEqual([]);
    expect(codes(moot, { own: someFacts() })).toEqual([]);
  });
});
