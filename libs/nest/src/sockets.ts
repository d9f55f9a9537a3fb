import { Inject, Injectable, Optional, type ExecutionContext } from '@nestjs/common';
import { RevocationError } from '@revocast/core';
import { type RoutePolicy } from '@revocast/gate';
import { RevocationNode, type TokenRequest } from '@revocast/node';
import { callerCheck, type CallAnswer, type CallerCheck } from './caller-check.js';
import { handshakeOf, noPlaceForToken } from './calls.js';
import { type RevocationGuardOptions } from './guard-options.js';
import { refusalData, type Refused } from './refusal.js';
import { GUARD_OPTIONS } from './tokens.js';

/** Of a socket of `ws`, Socket.IO or TCP, what is used here. */
interface Socket {
  once?(event: string, listener: () => void): unknown;
  emit?(event: string, problem: object): unknown;
  /** Socket.IO. */
  disconnect?(close: boolean): unknown;
  /** `ws`. */
  close?(code: number, reason: string): unknown;
  /** TCP. */
  destroy?(): unknown;
}

/** How a `ws` socket is closed: 4401 as graphql-ws closes for 401; 1013 means "try again later" (RFC 6455, registry). */
export const CLOSE_CODES = { 400: 4401, 401: 4401, 503: 1013 } as const;

/** The code of a problem is enough for a reason, which has room for 123 bytes. */
function closeSocket(socket: Socket, answer: Refused): void {
  if (typeof socket.disconnect === 'function') {
    socket.emit?.('exception', refusalData(answer));
    socket.disconnect(true);
  } else if (typeof socket.close === 'function') socket.close(CLOSE_CODES[answer.status], answer.code);
  else socket.destroy?.();
}

/**
 * The sockets of gateways, for which Nest runs no guard when they are opened. A socket that is let in is closed when its token
 * is revoked or expires; until it is let in the guard keeps its messages waiting, and afterwards asks again for each.
 *
 * ```ts
 * handleConnection(client: WebSocket, request: IncomingMessage) { return this.sockets.admit(client, request); }
 * ```
 */
@Injectable()
export class RevocationSockets {
  readonly #answers = new WeakMap<object, Promise<CallAnswer>>();
  /** By socket: the tokens and policies that it is closed by already, as texts. */
  readonly #held = new WeakMap<object, Set<string>>();
  readonly #check: CallerCheck;

  constructor(
    private readonly node: RevocationNode,
    @Optional() @Inject(GUARD_OPTIONS) options: RevocationGuardOptions = {},
  ) {
    this.#check = callerCheck(node, options);
  }

  /**
   * Lets a socket in, or closes it; resolves to whether it is in. `request` opened it: the second argument of `handleConnection`
   * with `ws`; Socket.IO keeps it in its handshake, where `auth.token` counts, too. Send nothing before this has resolved.
   * Rejects with ERR_CONFIG when there is no place for a token.
   */
  async admit(client: object, request?: object): Promise<boolean> {
    this.node.markWired();
    const headers = request === undefined ? handshakeOf(client) : (request as TokenRequest);
    return (await this.answerFor(client, { request: request ?? client, headers })).outcome === 'pass';
  }

  /** The answer for a socket: that to its opening, or now if nobody asked then. */
  async answerFor(
    client: object,
    asked: {
      readonly request: object;
      readonly headers: TokenRequest | undefined;
      readonly context?: ExecutionContext;
    },
  ): Promise<CallAnswer> {
    const known = this.#answers.get(client);
    if (known !== undefined) return known;
    const answer = this.#enter(client, asked);
    this.#answers.set(client, answer);
    // Whoever asks gets the error; kept, it would be one for good, though a later call may name the place.
    answer.catch(() => this.#answers.delete(client));
    return answer;
  }

  /** Closes `socket` when the token of `facts` ends; once for each token and policy, however many calls share the socket. */
  hold(socket: object, { facts, policy }: Pick<HeldCaller, 'facts' | 'policy'>, isGone = (): boolean => false): void {
    const held = this.#held.get(socket) ?? new Set();
    const name = nameOfHeld(facts, policy);
    if (held.has(name) || isGone()) return;
    const release = this.node.live.register(facts, (why) => closeSocket(socket, why), policy);
    // Only now: there may have been no room, and then the next call has to try again.
    this.#held.set(socket, held.add(name));
    for (const event of ['close', 'disconnect']) (socket as Socket).once?.(event, release);
  }

  async #enter(client: object, asked: Parameters<CallerCheck>[0]): Promise<CallAnswer> {
    let isGone = false;
    for (const event of ['close', 'disconnect']) (client as Socket).once?.(event, () => (isGone = true));
    const answer = await this.#check(asked, undefined);
    if (answer === undefined) throw noPlaceForToken('a socket');
    if (answer.outcome === 'refuse') closeSocket(client, answer);
    else if (answer.facts !== undefined) this.#holdOrClose(client, answer.facts, () => isGone);
    return answer;
  }

  #holdOrClose(client: object, facts: HeldCaller['facts'], isGone: () => boolean): void {
    try {
      this.hold(client, { facts, policy: undefined }, isGone);
    } catch (error) {
      if (!(error instanceof RevocationError) || error.code !== 'ERR_CAPACITY') throw error;
      // Open and not held it would outlive its token.
      closeSocket(client, { outcome: 'refuse', status: 503, code: error.code });
      throw error;
    }
  }
}

type HeldCaller = Parameters<RevocationNode['live']['hold']>[1];

/** The hash names a token; of claims that another guard left there is none, and their keys have to do. */
const nameOfHeld = (facts: HeldCaller['facts'], policy: RoutePolicy | undefined): string => {
  const { issuer, jti, sid, sub, clientId, deviceId, issuedAt, expiresAt } = facts;
  const hash = facts.signingInputHash();
  return JSON.stringify([hash, issuer, jti, sid, sub, clientId, deviceId, issuedAt, expiresAt, policy]);
};
