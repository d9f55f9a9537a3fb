import { describe, expect, it } from '@jest/globals';
import {
  epochSeconds,
  LIVE_TOKEN_MARKS_MAX,
  type LiveTokensCount,
  type LiveTokensQuestion,
  type RevocationKey,
} from '@revocast/core';
import { cacheWorld, check, makeReal, tokenOf, type CacheWorld } from '../test/token-cache-world.js';
import { ISSUER, NOW_SECONDS } from '../test/world.js';
import { createGateWith } from './gate.js';

const WINDOW_MS = 600_000;

const question = (
  world: CacheWorld,
  key: RevocationKey,
  more: Partial<LiveTokensQuestion> = {},
): LiveTokensQuestion => ({
  ...{ id: 'q1', time: world.clock.wall(), windowMs: WINDOW_MS },
  revocations: [
    { id: 'p1', issuer: ISSUER, key, effect: { kind: 'suspended' }, retainUntil: epochSeconds(NOW_SECONDS + 7200) },
  ],
  ...more,
});

const drained = (steps: Generator<void, LiveTokensCount | undefined>): LiveTokensCount | undefined => {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
};

type Count = (world: CacheWorld, asked: LiveTokensQuestion) => LiveTokensCount | undefined;
const real: Count = (world, asked) => drained(world.gate.liveTokens(asked));

/** The law: what it counts is what the revocation, once given, refuses and nothing refused before. */
async function law(count: Count): Promise<void> {
  const world = cacheWorld(makeReal);
  const of = (sub: string, from: number): string[] =>
    [0, 1, 2].map((at) => tokenOf({ sub, jti: `${sub}-${from + at}`, device_id: `phone-${at}` }));
  const early = of('alice', 0);
  const late = [...of('alice', 3), ...of('bob', 0)];
  for (const token of early) await check(world, token);
  world.clock.advance(WINDOW_MS / 2);
  for (const token of late) await check(world, token);
  world.source.revoke({ scope: 'token', jti: 'alice-4' });
  world.clock.advance(WINDOW_MS / 2 + 1);
  const key = { scope: 'subject', sub: 'alice' } as const;
  const counted = count(world, question(world, key));
  const before = await Promise.all(late.map((token) => check(world, token)));
  world.source.revoke(key, { kind: 'suspended' });
  const after = await Promise.all(late.map((token) => check(world, token)));
  const ended = after.filter((outcome, at) => outcome === 'ERR_TOKEN_REVOKED' && before[at] === 'pass');
  expect(counted).toMatchObject({ tokens: ended.length, machines: 0, atLeast: false });
  expect(ended).toHaveLength(2);
}

describe('The live tokens that a revocation would hit', () => {
  it('are those that it then refuses, and that nothing refused before', async () => {
    await expect(law(real)).resolves.toBeUndefined();
  });

  it.each<[string, Count]>([
    ['counts what nobody has used for long', (world, asked) => real(world, { ...asked, windowMs: 10 * WINDOW_MS })],
    [
      'counts what is refused already',
      (world, asked) => {
        const find = world.source.find.bind(world.source);
        world.source.find = () => undefined;
        const counted = real(world, asked);
        world.source.find = find;
        return counted;
      },
    ],
    [
      'counts everybody',
      (world, asked) => real(world, { ...asked, revocations: question(world, { scope: 'issuer' }).revocations }),
    ],
  ])('are seen through when a node %s', async (_, count) => {
    await expect(law(count)).rejects.toThrow();
  });

  it('are told without anything of a token or of whose it is', async () => {
    const world = cacheWorld(makeReal);
    const token = tokenOf({ sub: 'alice', jti: 'jti-of-alice' });
    await check(world, token);
    const key = { scope: 'subject', sub: 'alice' } as const;
    const told = JSON.stringify(real(world, question(world, key)));
    for (const secret of ['alice', 'session-1', 'app-1', ...token.split('.')]) expect(told).not.toContain(secret);
    const other = JSON.stringify(real(world, question(world, key, { id: 'q2' })));
    expect(told).not.toBe(other);
  });

  it('of machines are told apart by their claims', async () => {
    const world = cacheWorld(makeReal);
    await check(world, tokenOf({ sub: 'app-1', jti: 'a' }));
    await check(world, tokenOf({ sub: 'alice', jti: 'c' }));
    const counted = real(world, question(world, { scope: 'client', clientId: 'app-1' }));
    expect(counted).toMatchObject({
      tokens: 2,
      machines: 1,
      machineClients: [{ clientId: 'app-1', tokens: 1, marks: counted?.marks?.slice(0, 1) }],
    });
  });

  it('of machine clients beyond twenty, or of a long name, are no names', async () => {
    const world = cacheWorld(makeReal);
    const long = 'x'.repeat(129);
    for (const name of [long, ...Array.from({ length: 22 }, (_, at) => `app-${at}`)]) {
      await check(world, tokenOf({ sub: name, client_id: name, azp: name, jti: name }));
    }
    const counted = real(world, question(world, { scope: 'issuer' }));
    expect(counted).toMatchObject({ machines: 23, moreMachineClients: 3 });
    expect(counted?.machineClients?.map(({ clientId }) => clientId)).not.toContain(long);
    expect(counted?.machineClients).toHaveLength(20);
  });

  it('of excepted clients are counted apart', async () => {
    const world = cacheWorld(makeReal);
    await check(world, tokenOf({ sub: 'alice', jti: 'a' }));
    await check(world, tokenOf({ sub: 'bob', client_id: 'batch', azp: 'batch', jti: 'b' }));
    const asked = question(world, { scope: 'issuer' });
    const revocations = asked.revocations.map((one) => ({ ...one, condition: { exceptClients: ['cron', 'batch'] } }));
    expect(real(world, { ...asked, revocations })).toMatchObject({
      tokens: 1,
      excepted: [{ tokens: 0 }, { tokens: 1, marks: [expect.any(String)] }],
    });
  });

  it('beyond a few are a number alone, and a full cache says that there may be more', async () => {
    const world = cacheWorld(makeReal, { entriesMax: LIVE_TOKEN_MARKS_MAX + 1 });
    for (let at = 0; at <= LIVE_TOKEN_MARKS_MAX; at++) await check(world, tokenOf({ jti: `t${at}` }));
    const counted = real(world, question(world, { scope: 'issuer' }));
    expect(counted).toEqual({
      ...{ tokens: LIVE_TOKEN_MARKS_MAX + 1, machines: 0, atLeast: true },
      ...{ machineClients: [], moreMachineClients: 0 },
    });
  });

  it('are not known without a cache', () => {
    const world = cacheWorld((options) => createGateWith(options, undefined));
    expect(real(world, question(world, { scope: 'issuer' }))).toBeUndefined();
  });
});
