import { Injectable } from '@nestjs/common';
import { type TokenFacts } from '@revocast/core';
import { type GateAnswer, type RecheckAnswer } from '@revocast/gate';
import { RevocationNode } from '@revocast/node';
import { type RoutePolicy } from './decorators.js';

/**
 * Checks by hand what no HTTP guard sees: the token of a WebSocket handshake, of a message, of a job.
 *
 * ```ts
 * const answer = await checker.check(token);
 * if (answer.outcome === 'refuse') socket.close(4001, answer.code);
 * ```
 */
@Injectable()
export class RevocationChecker {
  constructor(private readonly node: RevocationNode) {}

  /** Verifies and checks a token; `undefined` = none was given. Rejects only on a defect, never because of the token. */
  check(token: string | undefined, policy?: RoutePolicy): Promise<GateAnswer> {
    return this.node.check(token, policy);
  }

  /** Asks again for a token that was verified before, with the facts of the earlier answer. No I/O. */
  recheck(facts: TokenFacts, policy?: RoutePolicy): RecheckAnswer {
    return this.node.recheck(facts, policy);
  }
}
