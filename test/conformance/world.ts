import { type Effect, type Mode, type Revocation, type Scope } from '@revocast/core';
import { type RevocationNode, type RevocationNodeOptions } from '@revocast/node';
import {
  AN_ISSUER,
  aRevocation,
  epochOpenedBody,
  InMemoryBroker,
  liftedBody,
  ManualTime,
  revokedBody,
} from '@revocast/testing';
import { issue, signingKey } from '../../libs/gate/test/signing.js';

/** What one adapter serves; a route it does not have is a kind of request that it does not know. */
export interface Routes {
  /** Answers with whom the adapter let in. */
  readonly me: string;
  /** The same with a bound of {@link ROUTE_BOUND_MS}. */
  readonly bounded: string;
  /** The same in the mode `strict`, whatever the node's. */
  readonly strict?: string;
  /** For everybody. */
  readonly open?: string;
  /** A response that goes on until its token is revoked. */
  readonly stream?: string;
  /** Switches protocols, and goes on likewise. */
  readonly socket?: string;
}

export interface Running {
  readonly node: RevocationNode;
  readonly port: number;
  readonly routes: Routes;
  /** Whom a good answer of `me` names; default: its JSON body. */
  readonly seen?: (answer: HttpAnswer) => Seen;
  close(): Promise<unknown>;
}

export interface Seen {
  readonly sub: unknown;
  readonly verdict: unknown;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** A way to protect an API with a node. */
export interface Adapter {
  readonly name: string;
  start(options: RevocationNodeOptions): Promise<Running>;
}

export const ROUTE_BOUND_MS = 15_000;
/** Where an adapter can be told to look for a token besides the header. */
export const COOKIE = 'access_token';

const silent = { warn: () => undefined, error: () => undefined };

/** A log in memory, a node of one adapter that follows it, and a key that signs real tokens. Time stands still. */
export class World {
  readonly time = new ManualTime();
  readonly broker = new InMemoryBroker({ schedule: this.time.schedule, now: () => this.time.wall() });
  readonly feed = this.broker.createFeed();
  readonly key = signingKey('ES256', { kid: 'kid-1', alg: 'ES256' });
  /** An issuer whose cut-offs read when the user last logged in. */
  readonly loginIssuer = 'https://login.example';
  #latest: Revocation | undefined;
  readonly #strangersKey = signingKey('ES256', { kid: 'kid-1', alg: 'ES256' });

  options(mode: Mode): RevocationNodeOptions {
    return {
      ...{ feed: this.feed, mode, service: 'orders', nodeId: 'node-1', log: silent },
      ...{ clock: this.time, schedule: this.time.schedule },
      issuers: [
        { issuer: AN_ISSUER, audience: 'orders', jwks: { keys: [this.key.jwk] } },
        { issuer: this.loginIssuer, audience: 'orders', jwks: { keys: [this.key.jwk] }, cutoffClaim: 'auth_time' },
      ],
    };
  }

  openLog(): void {
    this.broker.createLog('epoch-1');
    this.broker.publish(epochOpenedBody());
  }

  /** Of `alice`, named by every key that a sample revocation has; `claims` say otherwise. */
  token(claims: object = {}, { forged = false }: { readonly forged?: boolean } = {}): string {
    const now = Math.floor(this.time.wall() / 1000);
    const names = { sub: 'alice', jti: 'jti-1', sid: 'sid-1', client_id: 'app-1', device_id: 'phone-1' };
    const standard = { iss: AN_ISSUER, aud: 'orders', ...names, iat: now - 10, exp: now + 3600 };
    return issue(forged ? this.#strangersKey : this.key, { ...standard, ...claims });
  }

  async revoke(scope: Scope, effect?: Effect, issuer: string = AN_ISSUER): Promise<void> {
    this.#latest = aRevocation({ scope, issuer, ...(effect && { effect }) });
    this.broker.publish(revokedBody(this.#latest));
    await this.time.advance(0);
  }

  /** Takes the latest revocation back. */
  async lift(): Promise<void> {
    if (this.#latest !== undefined) this.broker.publish(liftedBody(this.#latest));
    await this.time.advance(0);
  }

  /** Nothing is heard from the log for so long. */
  async outOfReachFor(ms: number): Promise<void> {
    this.feed.disconnect();
    await this.time.advance(ms);
  }
}
