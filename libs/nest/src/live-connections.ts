import { Injectable } from '@nestjs/common';
import { type TokenFacts } from '@revocast/core';
import { RevocationNode } from '@revocast/node';
import { Observable } from 'rxjs';
import { type RoutePolicy } from './decorators.js';
import { type Refused } from './refusal.js';

/**
 * Sockets, streams and other connections that live longer than the request that opened them. Each is closed when its
 * token is revoked or expires, and when in `strict` mode nobody can say any more. A revocation closes what it hits
 * before this node acknowledges it, so that "enforced" holds for connections too.
 *
 * ```ts
 * @Sse('stream') stream(@Req() { revocation }: RevocationRequest) {
 *   return events$.pipe(takeUntil(this.live.ended(revocation.facts)));
 * }
 * ```
 */
@Injectable()
export class LiveConnections {
  constructor(private readonly node: RevocationNode) {}

  get size(): number {
    return this.node.live.size;
  }

  /**
   * Holds a connection until the returned function takes it back. `close` is called at most once, never before this
   * returns, and with the answer that a request with that token would get now. Throws ERR_CAPACITY when full.
   */
  register(facts: TokenFacts, close: (why: Refused) => void, policy?: RoutePolicy): () => void {
    return this.node.live.register(facts, close, policy);
  }

  /** The same as an observable: it emits once, and registers for as long as somebody is subscribed. */
  ended(facts: TokenFacts, policy?: RoutePolicy): Observable<Refused> {
    return new Observable((subscriber) =>
      this.register(
        facts,
        (why) => {
          subscriber.next(why);
          subscriber.complete();
        },
        policy,
      ),
    );
  }

  /** Closes all: the process ends, and a server that waits for its streams would never do so. */
  closeAll(): void {
    this.node.live.closeAll();
  }
}
