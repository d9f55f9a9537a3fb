import { type LogIdentity, RevocationError, type Schedule } from '@revocast/core';
import { type InstancePhase, type Publisher } from '@revocast/jetstream';
import { type ServiceLog } from '../log/service-log.js';
import { type EpochOpening } from './epoch-opening.js';
import { type LogIntake } from './log-intake.js';
import { type Peers } from './peers.js';

/** How long the journal may take to read what stands in the log before the filling is tried anew. Milliseconds. */
const READ_MS_MAX = 60_000;
/** An epoch waits so long for an instance that is heard and does not write what it holds. Milliseconds. */
const PEERS_MS_MAX = 60_000;
/** An instance that made a log has said so by then. Milliseconds. */
const TURN_MS_MIN = 1_500;
const LOOK_MS = 100;

export interface EpochFillingOptions {
  readonly opening: EpochOpening;
  readonly intake: LogIntake;
  readonly publisher: Publisher;
  readonly peers: Peers;
  readonly schedule: Schedule;
  readonly log: ServiceLog;
}

/**
 * Brings everything live into a log, together with the other instances: whoever made it writes first, the others add
 * what it lacked, and only when all that are heard have done so may the epoch be opened.
 */
export class EpochFilling {
  #filling: { readonly epoch: string; phase: InstancePhase } | undefined;
  #begun: string | undefined;

  constructor(private readonly options: EpochFillingOptions) {}

  /** How far this instance is with an epoch that is not open yet. */
  phase(epoch: string): InstancePhase {
    return this.#filling?.epoch === epoch ? this.#filling.phase : 'waiting';
  }

  /** This instance made the log of the epoch: it writes first. */
  begunHere(epoch: string): void {
    this.#begun = epoch;
    this.#enter(epoch, 'filling');
  }

  /** For an epoch that is open: what the log lacks of ours, after reading what it has. */
  async complete(log: LogIdentity): Promise<void> {
    await this.options.publisher.raiseRetention(log);
    await this.#writeAll(log);
  }

  /** For one that is not: resolves when nothing that is known to any instance that is heard is missing. */
  async fillTogether(log: LogIdentity): Promise<void> {
    const { publisher, opening } = this.options;
    const { epoch } = log;
    await publisher.raiseRetention(log);
    if (this.#begun !== epoch) await this.#awaitTurn(epoch);
    this.#enter(epoch, 'filling');
    await this.#writeAll(log);
    this.#enter(epoch, 'filled');
    await this.#awaitPeers(epoch);
    await this.#readUp(log);
    await opening.writeMissing(epoch);
  }

  async #writeAll(log: LogIdentity): Promise<void> {
    const { opening, peers } = this.options;
    await opening.resendPending(log.epoch);
    await this.#readUp(log);
    await opening.writeMissing(log.epoch);
    await opening.declareSettings(log.epoch, peers.all().length === 0);
  }

  /** Two that write everything at once would write it twice. Whoever finds nobody writing does. */
  async #awaitTurn(epoch: string): Promise<void> {
    this.#enter(epoch, 'waiting');
    await this.#pause(epoch, TURN_MS_MIN);
    while (this.options.peers.isFilling(epoch)) await this.#pause(epoch, LOOK_MS);
  }

  async #awaitPeers(epoch: string): Promise<void> {
    const { peers, log } = this.options;
    for (let waitedMs = 0; peers.unfilled(epoch).length > 0; waitedMs += LOOK_MS) {
      // A million entries take their time.
      if (peers.isFilling(epoch)) waitedMs = 0;
      if (waitedMs >= PEERS_MS_MAX) {
        log.error('openedWithout', { epoch, instances: peers.unfilled(epoch).map(({ instance }) => instance) });
        return;
      }
      await this.#pause(epoch, LOOK_MS);
    }
  }

  async #readUp(log: LogIdentity): Promise<void> {
    const { intake, publisher } = this.options;
    const head = await publisher.head(log);
    intake.follow(head);
    if (await intake.reached(head.last, READ_MS_MAX)) return;
    throw new RevocationError('ERR_LOG_UNAVAILABLE', `${log.name} could not be read up to ${head.last}`);
  }

  #enter(epoch: string, phase: InstancePhase): void {
    this.#filling = { epoch, phase };
    this.options.peers.speak();
  }

  /** Throws ERR_EPOCH_CHANGED when another epoch is being filled by now. */
  async #pause(epoch: string, ms: number): Promise<void> {
    await new Promise<void>((resolve) => void this.options.schedule(ms, resolve));
    if (this.#filling?.epoch !== epoch)
      throw new RevocationError('ERR_EPOCH_CHANGED', 'Another epoch is being filled.');
  }
}
