import { type Clock, type Propagation, type RevocationKey, type TokenFacts } from '@revocast/core';
import { asRevocations, blastWarnings } from '../command/blast-radius.js';
import { type Commands, type Considered } from '../command/commands.js';
import { type IssuerRegistry, type KnownIssuer } from '../command/issuer-registry.js';
import { refreshTokens } from '../command/reach.js';
import { type ClaimCoverage, claimCoverage } from '../fleet/coverage.js';
import { type Fleet, type Published } from '../fleet/fleet.js';
import { type LiveTokenSurvey } from '../fleet/live-token-survey.js';
import { type RefusalLedger } from '../fleet/refusal-ledger.js';
import { type Database } from '../journal/database.js';
import { findEnding } from '../journal/endings.js';
import { type Carrier, type JournaledRevocation } from '../journal/entries.js';
import { revocationsOfCommand } from '../journal/revocations.js';
import { notYetEnforced, type StoredPropagation } from '../fleet/propagation-answer.js';
import { provingRecord } from '../fleet/proving-record.js';
import { refusalsAnswer } from './refusals-answer.js';
import { plannedAnswer, revocationAnswer } from './answers.js';

export interface RevocationAnswersOptions {
  readonly database: Database;
  readonly commands: Commands;
  readonly fleet: Fleet;
  readonly refusals: RefusalLedger;
  readonly liveTokens: LiveTokenSurvey;
  readonly issuers: IssuerRegistry;
  readonly clock: Clock;
  /** Nodes and instances that heed no condition. */
  readonly heedless: () => readonly string[];
}

/** Puts answers together from the journal, the fleet and the issuers' settings. */
export class RevocationAnswers {
  constructor(private readonly options: RevocationAnswersOptions) {}

  one(entry: JournaledRevocation): Record<string, unknown> {
    const { commands, issuers, clock } = this.options;
    const lift = commands.liftOf(entry);
    const issuer = issuers.find(entry.issuer);
    return revocationAnswer(entry, {
      now: clock.wall(),
      issuer,
      coverage: issuer && this.#coverage(issuer, entry.key),
      propagation: this.#reach(entry),
      lift,
      liftPropagation: lift && this.#propagation(entry, lift.latest),
      ending: findEnding(this.options.database, entry.commandId),
      alongside: this.#alongside(entry),
    });
  }

  /** With what it has refused since: adding that up is for one that somebody looks at, not for a whole list. */
  shown(entry: JournaledRevocation): Record<string, unknown> {
    const { refusals, fleet } = this.options;
    return { ...this.one(entry), refusals: refusalsAnswer(refusals.of(entry.id), fleet.nodes()) };
  }

  /** What is left for the key after a lift, as short entries. */
  left(entry: JournaledRevocation): readonly Record<string, unknown>[] {
    return this.options.commands.liveBeside(entry).map((other) => ({ id: other.id, ...plannedAnswer(other) }));
  }

  /** Asks the nodes, so it takes a moment; `own` is the token of the operator who asks. */
  async preview({ issuer, planned }: Considered, own: TokenFacts | undefined): Promise<Record<string, unknown>> {
    const revocations = asRevocations(planned);
    const liveTokens = revocations.length === 0 ? undefined : await this.options.liveTokens.of(revocations);
    const around = { live: liveTokens, heedless: this.options.heedless(), now: this.options.clock.wall() };
    const warnings = blastWarnings({ planned, own, ...around });
    const [main, ...alongside] = planned.map((plan) => ({
      ...plannedAnswer(plan),
      coverage: this.#coverage(issuer, plan.key),
      refreshTokens: refreshTokens(issuer, plan.key.scope, plan.effect),
    }));
    const nodes = this.options.fleet.nodes().map(({ service, node, state }) => ({ service, node, state }));
    return {
      ...{ ...main, ...(alongside.length > 0 && { alongside }), nodes, warnings },
      liveTokens: liveTokens ?? null,
    };
  }

  /** Waits until the records of these entries are enforced or need not be waited for, at most `waitMs`. */
  async settled(entries: readonly JournaledRevocation[], waitMs: number): Promise<void> {
    const published = entries.flatMap((entry) => {
      const carrier = this.options.commands.liftOf(entry)?.latest ?? entry.latest;
      return carrier === undefined ? [] : [publishedOf(entry, carrier)];
    });
    await this.options.fleet.settled(published, waitMs);
  }

  #reach(entry: JournaledRevocation): StoredPropagation | undefined {
    const { carrier, proves } = provingRecord(entry);
    const propagation = this.#propagation(entry, carrier);
    return proves ? propagation : propagation && notYetEnforced(propagation);
  }

  #propagation(entry: JournaledRevocation, carrier: Carrier | undefined): Propagation | undefined {
    return carrier && this.options.fleet.propagation(publishedOf(entry, carrier));
  }

  #coverage(issuer: KnownIssuer, key: RevocationKey): ClaimCoverage {
    return claimCoverage(issuer, key, this.options.fleet.coverage());
  }

  #alongside(entry: JournaledRevocation): readonly string[] {
    const all = revocationsOfCommand(this.options.database, entry.commandId);
    return all.map(({ id }) => id).filter((id) => id !== entry.id);
  }
}

const publishedOf = (entry: JournaledRevocation, carrier: Carrier): Published => ({
  issuer: entry.issuer,
  scope: entry.key.scope,
  carrier,
});
