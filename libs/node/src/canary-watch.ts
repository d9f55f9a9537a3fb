import {
  CANARIES_MAX,
  canaryFacts,
  type CanaryReport,
  type Clock,
  type FollowerNotice,
  isCanary,
  type Revocation,
} from '@revocast/core';
import { type RecheckAnswer, type ReloadableGate } from '@revocast/gate';

/**
 * Shows that this node refuses: for a canary that was just applied it asks the very gate that guards ask. A watermark says that
 * a record was read; only an answer says that index, settings and mode together refuse by it.
 */
export class CanaryWatch {
  #reports: readonly CanaryReport[] = [];

  constructor(
    private readonly gate: () => Pick<ReloadableGate, 'recheck'>,
    private readonly clock: Clock,
  ) {}

  /** Of the latest canaries, the newest last. */
  get reports(): readonly CanaryReport[] {
    return this.#reports;
  }

  hear(notice: FollowerNotice): void {
    if (notice.kind !== 'applied' || notice.body.kind !== 'revoked' || notice.body.scope !== 'token') return;
    for (const revocation of notice.body.revocations) if (isCanary(revocation)) this.#try(revocation);
  }

  #try(revocation: Revocation): void {
    const { id } = revocation;
    const others = this.#reports.filter(({ revocationId }) => revocationId !== id);
    this.#reports = [...others, { revocationId: id, outcome: this.#outcome(revocation) }].slice(-CANARIES_MAX);
  }

  #outcome({ id, issuer, key }: Revocation): CanaryReport['outcome'] {
    const jti = 'jti' in key ? key.jti : '';
    const answer = this.#ask(issuer, jti);
    if (answer.outcome === 'pass') return 'accepted';
    // A gate that refuses everything shows nothing: its neighbour, whom nobody revoked, must not be called revoked.
    const neighbour = this.#ask(issuer, `${jti}-not`);
    return isRevoked(answer) && answer.revocationId === id && !isRevoked(neighbour) ? 'refused' : 'unproven';
  }

  #ask(issuer: string, jti: string): RecheckAnswer {
    return this.gate().recheck(canaryFacts(issuer, jti, this.clock.wall()));
  }
}

const isRevoked = (answer: RecheckAnswer): answer is Extract<RecheckAnswer, { readonly outcome: 'refuse' }> =>
  answer.outcome === 'refuse' && answer.code === 'ERR_TOKEN_REVOKED';
