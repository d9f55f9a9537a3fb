import { type TokenFacts } from '@revocast/core';
import { type GateOptions, createGateWith } from '../src/gate.js';
import { parseIssuers, type GateAnswer, type IssuerConfig, type ReloadableGate } from '../src/index.js';
import { TokenCache } from '../src/token-cache.js';
import { issue, signingKey, type SigningKey } from './signing.js';
import { goodClaims, handClock, handSource, ISSUER, type HandClock, type HandSource } from './world.js';

export const KEY = signingKey('ES256', { kid: 'k1' });
export const OTHER_KEY = signingKey('ES256', { kid: 'k2' });
export const OTHER_ISSUER = 'https://other.example';

/** How a gate is made from its options and a cache; mutants change one or the other. */
export type MakeGate = (
  options: GateOptions,
  bounds: Required<{ entriesMax: number; bytesMax: number }>,
) => ReloadableGate;

export const makeReal: MakeGate = (options, bounds) => createGateWith(options, new TokenCache(bounds));

export interface CacheWorld {
  readonly clock: HandClock;
  readonly source: HandSource;
  gate: ReloadableGate;
  readonly reported: unknown[];
  /** The keys that both issuers serve from now on; undefined = they are out of order. */
  serve(keys: readonly SigningKey[] | undefined): void;
  /** How often keys were asked for. */
  readonly asked: () => number;
}

export const issuersOf = (more: object = {}): readonly IssuerConfig[] =>
  parseIssuers(
    [ISSUER, OTHER_ISSUER].map((issuer) => ({
      ...{ issuer, audience: 'orders', jwksUri: `${issuer}/keys` },
      ...(issuer === ISSUER && more),
    })),
  );

/** Two issuers whose keys are fetched, so that they can be taken out. */
export const cacheWorld = (make: MakeGate, bounds: { entriesMax?: number; bytesMax?: number } = {}): CacheWorld => {
  const clock = handClock();
  const source = handSource(clock);
  const reported: unknown[] = [];
  let served: readonly SigningKey[] | undefined = [KEY];
  let asked = 0;
  const fetch = (): Promise<Response> => {
    asked += 1;
    if (served === undefined) return Promise.reject(new TypeError('fetch failed'));
    return Promise.resolve(Response.json({ keys: served.map(({ jwk }) => jwk) }));
  };
  const options: GateOptions = {
    ...{ issuers: issuersOf(), source, mode: 'strict', clock, fetch, prng: () => 0.5 },
    onVerdict: (answer) => reported.push(answer),
  };
  const gate = make(options, { entriesMax: 100, bytesMax: 1_000_000, ...bounds });
  const serve = (keys: typeof served): void => {
    served = keys;
  };
  return { clock, source, gate, reported, serve, asked: () => asked };
};

export const tokenOf = (claims: object = {}, key: SigningKey = KEY): string => issue(key, goodClaims(claims));

/** `pass`, or the code of the refusal. */
export const outcomeOf = (answer: GateAnswer): string => (answer.outcome === 'pass' ? 'pass' : answer.code);

export const check = async (world: CacheWorld, token: string): Promise<string> =>
  outcomeOf(await world.gate.check(token));

export const hits = ({ gate }: CacheWorld): number => gate.tokenCache()?.hits ?? 0;
export const entries = ({ gate }: CacheWorld): number => gate.tokenCache()?.entries ?? 0;

/** Facts without their function, for comparing. */
export const plain = ({ signingInputHash, ...facts }: TokenFacts): object => ({ ...facts, hash: signingInputHash() });

const STRANGER = signingKey('ES256', { kid: 'stranger' });

/** Waits for the refresh that runs behind a request: a token of an unknown key has to wait for the same. */
export const refreshed = (world: CacheWorld): Promise<string> => check(world, tokenOf({}, STRANGER));

/** Lets a fetch that fails do so. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
