import { describe, expect, it } from '@jest/globals';
import { epochMs, epochSeconds, type Effect, type RevocationKey } from '@revocast/core';
import { AN_ISSUER, someFacts } from '@revocast/testing';
import { asRevocations, type BlastInput, blastWarnings } from './blast-radius.js';
import { revocationCommandSchema } from './command-schema.js';
import { type PlannedRevocation } from './plan.js';

const NOW = epochMs(Date.UTC(2026, 0, 1));
const planned = (key: RevocationKey, parts: Partial<PlannedRevocation> = {}): PlannedRevocation => ({
  ...{ issuer: AN_ISSUER, key, effect: { kind: 'suspended' }, retainUntil: 'lifted', moot: false },
  ...parts,
});
const codes = (one: PlannedRevocation, parts: Partial<Parameters<typeof blastWarnings>[0]> = {}): readonly string[] =>
  blastWarnings({ planned: [one], own: undefined, live: undefined, heedless: [], now: NOW, ...parts }).map(
    ({ code }) => code,
  );

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

  const live = (parts: Partial<NonNullable<BlastInput['live']>> = {}): BlastInput['live'] => ({
    ...{ machines: null, machineClients: [], moreMachineClients: 0, excepted: [] },
    ...parts,
  });
  const details = (one: PlannedRevocation, parts: Partial<BlastInput> = {}): readonly string[] =>
    blastWarnings({ planned: [one], own: undefined, live: undefined, heedless: [], now: NOW, ...parts }).map(
      ({ detail }) => detail,
    );

  it('names machine clients, and whether they come back by themselves', () => {
    const one = planned({ scope: 'client', clientId: 'app-1' });
    expect(codes(one, { live: live({ machines: { atLeast: 2, atMost: 2 } }) })).toEqual([
      'allUsersOfClient',
      'machines',
    ]);
    expect(codes(one, { live: live({ machines: { atLeast: 0, atMost: null } }) })).toEqual(['allUsersOfClient']);
    const range = { atLeast: 1, atMost: null };
    const machineClients = ['batch', 'cron'].map((clientId) => ({ clientId, tokens: range }));
    const [, detail] = details(one, { live: live({ machines: range, machineClients, moreMachineClients: 3 }) });
    expect(detail).toBe(
      'It hits machine clients: at least 1 live token, of batch, cron and at least 3 more. They are locked out until it is lifted.',
    );
  });

  it('says how wide it is by name', () => {
    expect(details(planned({ scope: 'issuer' }))[0]).toContain(`all users of ${AN_ISSUER}`);
    expect(details(planned({ scope: 'client', clientId: 'app-1' }))[0]).toContain('the client app-1 of');
  });

  it('says whom an exception lets off, how many tokens that are, and that a stolen key forges it', () => {
    const condition = { exceptClients: ['batch', 'cron'] };
    const excepted = [{ clientId: 'batch', tokens: { atLeast: 3, atMost: 3 } }];
    const one = planned({ scope: 'issuer' }, { condition });
    expect(details(one, { live: live({ excepted }) }).at(-1)).toBe(
      'It lets off the tokens of batch (3 live tokens), cron (live tokens not known).',
    );
    expect(codes(planned({ scope: 'key', kid: 'k' }, { condition }))).toEqual(['allUsers', 'excepted', 'forgeable']);
    const own = someFacts({ clientId: 'batch' });
    expect(codes(one, { own })).toEqual(['allUsers', 'excepted']);
    expect(codes(planned({ scope: 'issuer' }, { condition: { exceptClients: ['cron'] } }), { own })).toContain(
      'ownSession',
    );
  });

  it('says when waves end, and that they reach who asks, too', () => {
    const from = NOW / 1000;
    const condition = { spread: { from: epochSeconds(from), until: epochSeconds(from + 600) } };
    const one = planned({ scope: 'issuer' }, { condition });
    expect(codes(one, { own: someFacts() })).toEqual(['allUsers', 'ownSession', 'waves']);
    expect(details(one).at(-1)).toContain('the last one at 2026-01-01T00:10:00.000Z');
  });

  it('names the nodes that would heed no condition, of a command that has one', () => {
    const heedless = ['payments/a', 'payments/b', 'orders/c', 'orders/d', 'orders/e', 'orders/f'];
    const one = planned({ scope: 'issuer' }, { condition: { exceptClients: ['batch'] } });
    expect(details(one, { heedless }).at(-1)).toContain(
      'payments/a, payments/b, orders/c, orders/d, orders/e and 1 more',
    );
    expect(codes(planned({ scope: 'issuer' }), { heedless })).toEqual(['allUsers']);
  });

  it.each([
    [{ scope: 'issuer', exceptClients: ['batch'] }, true],
    [{ scope: 'issuer', spread: '10m' }, true],
    [{ scope: 'issuer', spread: '24h' }, true],
    [{ scope: 'client', clientId: 'a', spread: '90s' }, true],
    [{ scope: 'key', kid: 'k', exceptClients: ['batch'], olderNodes: 'refuseMore' }, true],
    [{ scope: 'issuer', exceptClients: ['batch'], spread: '10m' }, false],
    [{ scope: 'issuer', exceptClients: [] }, false],
    [{ scope: 'issuer', exceptClients: ['batch', 'batch'] }, false],
    [{ scope: 'issuer', exceptClients: Array.from({ length: 65 }, (_, at) => `c${at}`) }, false],
    [{ scope: 'issuer', spread: '25h' }, false],
    [{ scope: 'issuer', spread: '0m' }, false],
    [{ scope: 'issuer', spread: '10' }, false],
    [{ scope: 'client', clientId: 'a', exceptClients: ['a'] }, false],
    [{ scope: 'subject', sub: 'a', spread: '10m' }, false],
  ])('takes a condition where it means something: %j %p', (command, isTaken) => {
    expect(revocationCommandSchema.safeParse({ issuer: AN_ISSUER, ...command }).success).toBe(isTaken);
  });

  it('of what can hit nothing any more is none', () => {
    const moot = planned({ scope: 'issuer' }, { moot: true });
    expect(asRevocations([moot])).toEqual([]);
    expect(codes(moot, { own: someFacts() })).toEqual([]);
  });
});
