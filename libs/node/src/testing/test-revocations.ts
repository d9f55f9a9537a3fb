import { randomUUID } from 'node:crypto';
import {
  cutoffForEvent,
  epochSeconds,
  factsFrom,
  RevocationError,
  sequence,
  STALENESS_MS_MAX_DEFAULT,
  type Effect,
  type Feed,
  type FeedRecord,
  type Lift,
  type Mode,
  type RecordBody,
  type Revocation,
  type RevocationKey,
} from '@revocast/core';
import {
  createGate,
  issuerSettings,
  parseIssuers,
  type ReloadableGate,
  type GateAnswer,
  type IssuerConfig,
  type IssuerInput,
  type RoutePolicy,
  type TokenClaims,
  type Verified,
} from '@revocast/gate';
import { type RevocationSettings } from '../options.js';
import { RevocationNode } from '../revocation-node.js';
import { systemClock, systemSchedule } from '../system.js';
import { TEST_LOG, TestFollower, type TestState } from './test-follower.js';
import {
  readUnsignedTestToken,
  signingInputHashOf,
  TEST_AUDIENCE,
  TEST_ISSUER,
  unsignedTestToken,
} from './test-token.js';

export interface TestRevocationsOptions {
  /** Default `strict`. */
  readonly mode?: Mode;
  /** Milliseconds, default 300,000. */
  readonly stalenessMsMax?: number;
  /** Issuers with the claims your tokens carry; default one issuer, `https://issuer.test`. Their keys are never asked for. */
  readonly issuers?: readonly IssuerInput[];
}

/** What is revoked. By default as the service would: tokens, sessions and keys outright, all else by a cut-off now. */
export type TestRevocation = RevocationKey & {
  /** Default: the first issuer. */
  readonly issuer?: string;
  /** A literal cut-off, in seconds since 1970: hits tokens issued before it. */
  readonly issuedBefore?: number;
  /** Hits every token of the key until it is lifted. */
  readonly until?: 'lifted';
};

/**
 * Revocations in the hand of a test: no broker, no keys, no waiting.
 *
 * ```ts
 * const token = revocations.token({ sub: 'alice' });
 * revocations.revoke({ scope: 'subject', sub: 'alice' });
 * await fetch(url, { headers: { authorization: `Bearer ${token}` } }); // 401
 * ```
 */
export class TestRevocations {
  readonly #issuers: readonly IssuerConfig[];
  readonly #follower: TestFollower;
  readonly #records: FeedRecord[] = [];
  readonly #issuerOf = new Map<string, Revocation>();
  /** Stands in for the node of the application. */
  readonly node: RevocationNode;

  constructor({ mode = 'strict', stalenessMsMax = STALENESS_MS_MAX_DEFAULT, issuers }: TestRevocationsOptions = {}) {
    this.#issuers = parseIssuers(issuers ?? [{ issuer: TEST_ISSUER, audience: TEST_AUDIENCE }]);
    this.#follower = new TestFollower(systemClock, stalenessMsMax, this.#issuers);
    const identity = { service: 'test', instance: randomUUID(), nodeId: 'test', version: 'test' };
    const surroundings = { clock: systemClock, schedule: systemSchedule, onVerdict: () => undefined };
    this.node = new RevocationNode({
      ...{ ...identity, ...surroundings, mode, stalenessMsMax, follower: this.#follower, feed: this.#feed() },
      gate: this.#gate({ mode, stalenessMsMax }),
    });
  }

  /** A token that the testing module accepts and nothing else does. */
  token(claims: TokenClaims = {}): string {
    return unsignedTestToken({ iss: this.#issuers[0]?.issuer, ...claims });
  }

  /** In force when it returns. Returns the id, for `lift`. A token issued in the same second is hit, as in production. */
  revoke(command: TestRevocation): string {
    const { issuer = this.#issuers[0]?.issuer ?? TEST_ISSUER, issuedBefore: _cutoff, until: _until, ...key } = command;
    const id = randomUUID();
    const revocation: Revocation = { id, issuer, key, effect: effectOf(command), retainUntil: 'lifted' };
    this.#issuerOf.set(id, revocation);
    this.#apply({ kind: 'revoked', issuer, scope: key.scope, revocations: [revocation] });
    return id;
  }

  /** Takes one revocation back, at once. Throws ERR_REVOCATION_NOT_FOUND. */
  lift(id: string): void {
    const revocation = this.#issuerOf.get(id);
    if (revocation === undefined)
      throw new RevocationError('ERR_REVOCATION_NOT_FOUND', `No revocation has the id ${id}`);
    const lift: Lift = { id, retainUntil: epochSeconds(Number.MAX_SAFE_INTEGER) };
    this.#apply({ kind: 'lifted', issuer: revocation.issuer, scope: revocation.key.scope, lifts: [lift] });
  }

  /** At first `current`. */
  setState(state: TestState): void {
    this.#follower.setState(state);
  }

  #apply(body: Extract<RecordBody, { readonly kind: 'revoked' | 'lifted' }>): void {
    const { epoch } = TEST_LOG;
    const time = systemClock.wall();
    const place = { sequence: sequence(this.#records.length + 1), identity: randomUUID() };
    this.#records.push({ ...place, kind: 'record', epoch, time, body });
    this.#follower.apply(body);
  }

  /** What reactions read; heartbeats go nowhere. */
  #feed(): Pick<Feed, 'read' | 'head' | 'report'> {
    return {
      read: (_log, from, to) => Promise.resolve(this.#records.slice(from - 1, to)),
      head: (log) => Promise.resolve({ log, first: sequence(1), last: sequence(this.#records.length), quorumAgeMs: 0 }),
      report: () => undefined,
    };
  }

  /** The real gate, but for reading tokens: jose is an ES module, which a CommonJS jest cannot load. */
  #gate({ mode, stalenessMsMax }: Pick<RevocationSettings, 'mode' | 'stalenessMsMax'>): ReloadableGate {
    const real = createGate({
      ...{ issuers: this.#issuers, source: this.#follower, mode, stalenessMsMax, clock: systemClock },
    });
    const verify = (token: string): Verified => this.#verify(token);
    const answer = (token: string | undefined, policy?: RoutePolicy): GateAnswer | Promise<GateAnswer> => {
      if (token === undefined) return real.checkNow(token, policy);
      try {
        const { claims, facts } = verify(token);
        const answered = real.recheck(facts, policy);
        return answered.outcome === 'pass' ? { ...answered, claims } : answered;
      } catch (error) {
        return invalidToken(error);
      }
    };
    const gate: ReloadableGate = {
      // The issuers of a test are those it began with.
      withIssuers: () => gate,
      recheck: (facts, policy) => real.recheck(facts, policy),
      checkClaims: (claims, policy) => real.checkClaims(claims, policy),
      coverage: (claims) => real.coverage(claims),
      verify: (token) => Promise.resolve().then(() => verify(token)),
      check: (token, policy) => Promise.resolve(answer(token, policy)),
      checkNow: answer,
      tokenCache: () => undefined,
      liveTokens: (question) => real.liveTokens(question),
    };
    return gate;
  }

  #verify(token: string): Verified {
    const claims = readUnsignedTestToken(token);
    const issuer = this.#issuers.find((candidate) => candidate.issuer === claims['iss']);
    if (issuer === undefined)
      throw new RevocationError('ERR_TOKEN_ISSUER_UNKNOWN', 'No issuer of this test has that name');
    const hash = (): string => signingInputHashOf(token);
    const facts = factsFrom(claims, issuerSettings(issuer), {}, hash, systemClock.wall());
    return { claims, header: { alg: 'none' }, facts };
  }
}

function effectOf(command: TestRevocation): Effect {
  const { scope, until, issuedBefore } = command;
  if (until === 'lifted') return { kind: 'suspended' };
  if (issuedBefore !== undefined) return { kind: 'issuedBefore', issuedBefore: epochSeconds(issuedBefore) };
  return scope === 'token' || scope === 'session' || scope === 'key'
    ? { kind: 'always' }
    : { kind: 'issuedBefore', issuedBefore: cutoffForEvent(systemClock.wall(), 0) };
}

function invalidToken(error: unknown): GateAnswer {
  if (!(error instanceof RevocationError)) throw error;
  return { outcome: 'refuse', status: 401, code: error.code, challenge: 'Bearer error="invalid_token"' };
}
