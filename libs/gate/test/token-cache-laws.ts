import { expect } from '@jest/globals';
import { epochSeconds, type RevocationKey } from '@revocast/core';
import { KEYS_AGE_MS_MAX, KEYS_REFRESH_MS, KEYS_RETRY_MS } from '../src/key-set.js';
import { malleated } from './signing.js';
import {
  cacheWorld,
  check,
  entries,
  hits,
  issuersOf,
  KEY,
  OTHER_ISSUER,
  OTHER_KEY,
  outcomeOf,
  plain,
  refreshed,
  settled,
  tokenOf,
  type CacheWorld,
  type MakeGate,
} from './token-cache-world.js';
import { FRESH, NOW_SECONDS } from './world.js';

/** What must hold of a gate with a cache. Each throws when it does not. */
export type Law = (make: MakeGate) => Promise<void>;

/** A world in which `token` has been let in once and is known. */
const knowing = async (make: MakeGate, token: string): Promise<CacheWorld> => {
  const world = cacheWorld(make);
  expect(await check(world, token)).toBe('pass');
  expect(await check(world, token)).toBe('pass');
  expect(hits(world)).toBe(1);
  return world;
};

const expectMiss = async (world: CacheWorld, token: string, outcome: string): Promise<void> => {
  const before = hits(world);
  expect(await check(world, token)).toBe(outcome);
  expect(hits(world)).toBe(before);
};

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const replaced = (text: string, at: number, by: string): string => text.slice(0, at) + by + text.slice(at + 1);
const neighbour = (character: string): string => ALPHABET[(ALPHABET.indexOf(character) + 1) % 64] ?? 'A';

/** Texts that some decoder would take for the token. */
const lookAlikes = (token: string): readonly string[] => [
  ...[`${token} `, ` ${token}`, `${token}\n`, `${token}=`, `${token}.`, `${token}\0`, token.toUpperCase()],
  ...[token.replaceAll('-', '+'), token.replaceAll('_', '/')].filter((other) => other !== token),
  // The same bytes for who keeps the low byte of each character only.
  ...[0, 40, token.length - 1].map((at) => replaced(token, at, String.fromCharCode(token.charCodeAt(at) + 0x100))),
];

const SCOPES: readonly RevocationKey[] = [
  { scope: 'token', jti: 'token-1' },
  { scope: 'session', sid: 'session-1' },
  { scope: 'subject', sub: 'alice' },
  { scope: 'client', clientId: 'app-1' },
  { scope: 'grant', sub: 'alice', clientId: 'app-1' },
  { scope: 'issuer' },
  { scope: 'key', kid: 'k1' },
];

const answering: Readonly<Record<string, Law>> = {
  'a known token is answered at once, like the first time, reported and counted': async (make) => {
    const world = cacheWorld(make);
    const token = tokenOf();
    const first = await world.gate.checkNow(token);
    const second = world.gate.checkNow(token);
    if (!('outcome' in second) || second.outcome === 'refuse' || first.outcome === 'refuse') throw new Error('refused');
    expect([second.claims, plain(second.facts)]).toEqual([first.claims, plain(first.facts)]);
    expect(second.verdict).toEqual(first.verdict);
    expect(world.reported).toHaveLength(2);
    expect(world.gate.coverage()[0]).toMatchObject({ tokens: 2 });
    expect(world.gate.tokenCache()).toMatchObject({ entries: 1, hits: 1, misses: 1 });
  },
  'what a request does to its claims reaches no other request': async (make) => {
    const world = cacheWorld(make);
    const token = tokenOf({ realm: { roles: ['user'] } });
    for (let request = 0; request < 3; request++) {
      const answer = await world.gate.check(token);
      if (answer.outcome === 'refuse') throw new Error(answer.code);
      expect(answer.claims).toMatchObject({ sub: 'alice', realm: { roles: ['user'] } });
      const claims = answer.claims as { sub: string; realm: { roles: string[] } };
      claims.sub = 'mallory';
      claims.realm.roles.push('admin');
      expect(() => Object.assign(answer.facts, { sub: 'mallory' })).toThrow(TypeError);
    }
  },
  'many that ask at once share one entry': async (make) => {
    const world = cacheWorld(make);
    const token = tokenOf();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => check(world, token)));
    expect(new Set(outcomes)).toEqual(new Set(['pass']));
    expect(entries(world)).toBe(1);
  },
};

const naming: Readonly<Record<string, Law>> = {
  'another signature over the same header and claims is verified on its own': async (make) => {
    const world = await knowing(make, tokenOf());
    const known = tokenOf();
    const [, , forged] = tokenOf({}, { ...OTHER_KEY, jwk: KEY.jwk }).split('.');
    await expectMiss(world, known.replace(/[^.]*$/, forged ?? ''), 'ERR_TOKEN_SIGNATURE');
  },
  'the twin of an ECDSA signature is verified on its own': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    await expectMiss(world, malleated(token), 'pass');
  },
  'no other spelling of a known token is let in': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    for (const other of lookAlikes(token)) {
      const before = hits(world);
      expect([other.length, await check(world, other)]).not.toEqual([other.length, 'pass']);
      expect(hits(world)).toBe(before);
    }
  },
  'a known token with any one character changed is refused': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    for (let at = 0; at < token.length; at++) {
      const changed = replaced(token, at, neighbour(token[at] ?? ''));
      const outcome = await check(world, changed);
      expect([at, outcome]).not.toEqual([at, 'pass']);
    }
    expect(hits(world)).toBe(1);
  },
  'tokens of two issuers that carry the same ids are two tokens': async (make) => {
    const world = await knowing(make, tokenOf());
    const answer = await world.gate.check(tokenOf({ iss: OTHER_ISSUER }));
    expect(answer).toMatchObject({ outcome: 'pass', claims: { iss: OTHER_ISSUER }, facts: { issuer: OTHER_ISSUER } });
  },
};

const failing: Readonly<Record<string, Law>> = {
  'a token that failed is not known afterwards': async (make) => {
    const world = await knowing(make, tokenOf());
    const forged = tokenOf({}, { ...OTHER_KEY, jwk: KEY.jwk });
    const early = tokenOf({ nbf: NOW_SECONDS + 120 });
    const foreign = tokenOf({ aud: 'other' });
    for (let round = 0; round < 2; round++) {
      await expectMiss(world, forged, 'ERR_TOKEN_SIGNATURE');
      await expectMiss(world, early, 'ERR_TOKEN_NOT_YET_VALID');
      await expectMiss(world, foreign, 'ERR_TOKEN_AUDIENCE');
      expect(entries(world)).toBe(1);
    }
    world.clock.advance(60_000);
    expect(await check(world, early)).toBe('pass');
  },
  'verifying a token whose expiry is ignored makes it known to no check': async (make) => {
    const world = cacheWorld(make);
    const expired = tokenOf({ iat: NOW_SECONDS - 900, exp: NOW_SECONDS - 300 });
    await world.gate.verify(expired, { ignoreExpiry: true });
    expect(entries(world)).toBe(0);
    await expectMiss(world, expired, 'ERR_TOKEN_EXPIRED');
  },
};

const timing: Readonly<Record<string, Law>> = {
  'a known token ends with its expiry and clock skew, to the millisecond': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    world.clock.advance((3600 + 60) * 1000 - 1);
    expect(await check(world, token)).toBe('pass');
    world.clock.advance(1);
    await expectMiss(world, token, 'ERR_TOKEN_EXPIRED');
    expect(entries(world)).toBe(0);
  },
  'a known token is not good before its times when the clock is set back': async (make) => {
    const [withNbf, withIat] = [tokenOf({ nbf: NOW_SECONDS - 5, jti: 'n' }), tokenOf()];
    const world = await knowing(make, withNbf);
    expect(await check(world, withIat)).toBe('pass');
    world.clock.advance(-66_000);
    await expectMiss(world, withNbf, 'ERR_TOKEN_NOT_YET_VALID');
    expect(await check(world, withIat)).toBe('pass');
    world.clock.advance(-5_000);
    await expectMiss(world, withIat, 'ERR_TOKEN_NOT_YET_VALID');
  },
};

const keysOfIssuers: Readonly<Record<string, Law>> = {
  'a key that was taken out ends also while nothing but known tokens come': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    world.serve([OTHER_KEY]);
    world.clock.advance(KEYS_REFRESH_MS);
    expect(await check(world, token)).toBe('pass');
    await refreshed(world);
    await expectMiss(world, token, 'ERR_TOKEN_SIGNATURE');
    expect(entries(world)).toBe(0);
  },
  'a key that was taken out ends before the first answer after an idle time': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    world.serve([OTHER_KEY]);
    world.clock.advance(KEYS_AGE_MS_MAX);
    await expectMiss(world, token, 'ERR_TOKEN_SIGNATURE');
  },
  'another key under the name of the one before is another key': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    world.serve([{ ...OTHER_KEY, jwk: { ...OTHER_KEY.jwk, kid: 'k1' } }]);
    world.clock.advance(KEYS_REFRESH_MS);
    await check(world, token);
    await refreshed(world);
    await expectMiss(world, token, 'ERR_TOKEN_SIGNATURE');
  },
  'a refresh that brings the same key, and others, costs no verification': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    world.serve([OTHER_KEY, KEY]);
    for (let refresh = 0; refresh < 3; refresh++) {
      world.clock.advance(KEYS_REFRESH_MS);
      await check(world, token);
      await refreshed(world);
      expect(await check(world, token)).toBe('pass');
    }
    expect(world.asked()).toBe(4);
    expect(hits(world)).toBe(7);
  },
  'an outage of the issuer ends no known token': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    world.serve(undefined);
    world.clock.advance(KEYS_REFRESH_MS);
    for (let request = 0; request < 5; request++) {
      expect(await check(world, token)).toBe('pass');
      await settled();
      world.clock.advance(KEYS_RETRY_MS.max);
    }
    expect(world.gate.tokenCache()).toMatchObject({ misses: 1 });
  },
};

const settings: Readonly<Record<string, Law>> = {
  'an issuer whose settings change loses its entries, and the others keep theirs': async (make) => {
    const [token, other] = [tokenOf(), tokenOf({ iss: OTHER_ISSUER })];
    const world = await knowing(make, token);
    await check(world, other);
    const before = world.gate;
    world.gate = before.withIssuers(issuersOf({ audience: 'payments' }));
    expect(entries(world)).toBe(1);
    await expectMiss(world, token, 'ERR_TOKEN_AUDIENCE');
    const known = hits(world);
    expect(await check(world, other)).toBe('pass');
    expect(hits(world)).toBe(known + 1);
    // Also what a request that began before the change learns afterwards is not believed.
    expect(outcomeOf(await before.check(token))).toBe('pass');
    await expectMiss(world, token, 'ERR_TOKEN_AUDIENCE');
  },
  'an issuer that is taken out loses its entries': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    world.gate = world.gate.withIssuers(issuersOf().filter(({ issuer }) => issuer === OTHER_ISSUER));
    expect(entries(world)).toBe(0);
    await expectMiss(world, token, 'ERR_TOKEN_ISSUER_UNKNOWN');
  },
  'a reload that changes nothing costs nothing': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    world.gate = world.gate.withIssuers(issuersOf());
    expect(await check(world, token)).toBe('pass');
    expect(hits(world)).toBe(2);
  },
};

const revoking: Readonly<Record<string, Law>> = {
  'a known token is refused by the first check after its revocation, whatever the scope': async (make) => {
    for (const key of SCOPES) {
      const token = tokenOf();
      const world = await knowing(make, token);
      const revocationId = world.source.revoke(key);
      expect(await world.gate.check(token)).toMatchObject({ code: 'ERR_TOKEN_REVOKED', revocationId });
      expect(await check(world, token)).toBe('ERR_TOKEN_REVOKED');
    }
  },
  'a cut-off hits known tokens and no later ones': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    const issuedBefore = epochSeconds(NOW_SECONDS);
    world.source.revoke({ scope: 'subject', sub: 'alice' }, { kind: 'issuedBefore', issuedBefore });
    expect(await check(world, token)).toBe('ERR_TOKEN_REVOKED');
    expect(await check(world, tokenOf({ iat: NOW_SECONDS }))).toBe('pass');
  },
  'of two known tokens only the one that is named is hit, however often both were asked about': async (make) => {
    const [token, other] = [tokenOf(), tokenOf({ jti: 'token-2' })];
    const world = await knowing(make, token);
    // Something to look up from the beginning, so that hashes are made and kept.
    world.source.revoke({ scope: 'token', jti: 'token-3' });
    for (const each of [token, other, token, other]) expect(await check(world, each)).toBe('pass');
    world.source.revoke({ scope: 'token', jti: 'token-2' });
    expect(await check(world, other)).toBe('ERR_TOKEN_REVOKED');
    expect(await check(world, token)).toBe('pass');
  },
  'entries of a revoked key are dropped': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    world.source.revoke({ scope: 'key', kid: 'k1' });
    for (const other of [token, tokenOf({ jti: 'token-2' })]) {
      expect(await check(world, other)).toBe('ERR_TOKEN_REVOKED');
      expect(entries(world)).toBe(0);
    }
  },
  'a known token needs freshness like any other': async (make) => {
    const token = tokenOf();
    const world = await knowing(make, token);
    world.source.freshnessIs({ fresh: false, because: 'stale', everCurrent: true });
    expect(await check(world, token)).toBe('ERR_REVOCATION_UNKNOWN');
    world.source.freshnessIs(FRESH);
    expect(await check(world, token)).toBe('pass');
  },
};

export const LAWS: Readonly<Record<string, Law>> = {
  ...{ ...answering, ...naming, ...failing, ...timing },
  ...{ ...keysOfIssuers, ...settings, ...revoking },
};
