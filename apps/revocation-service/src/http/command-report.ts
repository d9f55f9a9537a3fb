import { RevocationError } from '@revocast/core';
import { type Operator } from '../auth/operator.js';
import { type Accepted, type AcceptedPart, type LiftInput, type RevokeInput } from '../command/commands.js';
import { type JournaledRevocation } from '../journal/entries.js';
import { type ServiceLog } from '../log/service-log.js';
import { type Metrics } from '../metrics/metrics.js';
import { type EpochKeeper } from '../publish/epoch-keeper.js';

type Run<T> = () => Promise<Accepted<T>>;

/** Writes each command into log and metrics: who did what to which id, and what came of it. */
export class CommandReport {
  constructor(
    private readonly log: ServiceLog,
    private readonly metrics: Metrics,
    private readonly keeper: EpochKeeper,
  ) {}

  isBrokerAway(): boolean {
    return this.keeper.state().kind === 'disconnected';
  }

  async revoked({ command, operator }: RevokeInput, run: Run<readonly JournaledRevocation[]>): ReturnType<typeof run> {
    const { issuer, scope } = command;
    try {
      const accepted = await run();
      const outcome = this.#counted(command, accepted);
      const ids = accepted.entries.map(({ id }) => id);
      this.log.info('revoked', { ids, issuer, scope, actor: operator.name, outcome });
      return accepted;
    } catch (error) {
      this.metrics.command('revoke', scope, codeOf(error));
      this.log.warn('revocationRefused', { issuer, scope, actor: operator.name, outcome: codeOf(error) });
      throw error;
    }
  }

  #counted({ scope }: RevokeInput['command'], accepted: Accepted<readonly JournaledRevocation[]>): string {
    const outcome = outcomeOf(accepted);
    this.metrics.command('revoke', scope, outcome);
    const [entry] = accepted.entries;
    if (outcome === 'published' && entry?.first?.ackedAt !== undefined) {
      this.metrics.published(entry.first.ackedAt - entry.acceptedAt);
    }
    return outcome;
  }

  /** One line of a batch: counted, and logged with all its others at the end. */
  countedPart({ scope }: RevokeInput['command'], part: AcceptedPart): void {
    const outcome = outcomeOf(part);
    this.metrics.command('revoke', scope, outcome);
    if (outcome === 'published' && part.stored !== undefined)
      this.metrics.published(Date.now() - part.entry.acceptedAt);
  }

  batch(operator: Operator, counts: { readonly accepted: number; readonly rejected: number }): void {
    this.log.info('batch', { actor: operator.name, ...counts });
  }

  async lifted({ id, operator }: LiftInput, run: Run<JournaledRevocation>): ReturnType<typeof run> {
    try {
      const accepted = await run();
      const outcome = outcomeOf(accepted);
      this.metrics.command('lift', accepted.entries.key.scope, outcome);
      this.log.info('lifted', { id, issuer: accepted.entries.issuer, actor: operator.name, outcome });
      return accepted;
    } catch (error) {
      this.metrics.command('lift', 'unknown', codeOf(error));
      this.log.warn('liftRefused', { id, actor: operator.name, outcome: codeOf(error) });
      throw error;
    }
  }
}

const outcomeOf = ({ confirmed, replayed }: Pick<AcceptedPart, 'confirmed' | 'replayed'>): string =>
  replayed ? 'replayed' : confirmed ? 'published' : 'accepted';

const codeOf = (error: unknown): string => (error instanceof RevocationError ? error.code : 'ERR_INVARIANT');
