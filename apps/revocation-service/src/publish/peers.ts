import { randomBytes } from 'node:crypto';
import { type Clock, type Schedule, type Sequence } from '@revocast/core';
import { type InstanceNotice, type InstancePhase, type Publisher } from '@revocast/jetstream';

/** Each instance speaks once a second. Milliseconds. */
const NOTICE_MS = 1_000;
/** Two may be lost and one late before an instance counts as gone. Milliseconds. */
const HEARD_MS = 3_500;
/** How far the clocks of two instances may differ: an older notice was kept and sent again by somebody. Milliseconds. */
const NOTICE_AGE_MS_MAX = 60_000;

/** What this instance says about itself; undefined while it has nothing to say, since others wait for whoever speaks. */
export interface Standing {
  readonly epoch: string | undefined;
  readonly phase: InstancePhase;
  readonly watermark: Sequence;
}

export interface PeersOptions {
  readonly publisher: Pick<Publisher, 'announce' | 'onInstance'>;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly standing: () => Standing | undefined;
}

/** The other instances of the service that are alive, by what they say of themselves. */
export class Peers {
  /** Random per process. */
  readonly instance = randomBytes(8).toString('hex');
  readonly #heard = new Map<string, { readonly notice: InstanceNotice; readonly at: number }>();
  #disarm: () => void = () => undefined;

  constructor(private readonly options: PeersOptions) {}

  start(): void {
    const { publisher, clock } = this.options;
    publisher.onInstance((notice) => {
      if (Math.abs(clock.wall() - notice.time) > NOTICE_AGE_MS_MAX) return;
      this.#heard.set(notice.instance, { notice, at: clock.monotonic() });
    });
    this.#turn();
  }

  close(): void {
    this.#disarm();
  }

  /** Says now what changed, instead of with the next second. */
  speak(): void {
    const { publisher, clock, standing } = this.options;
    const said = standing();
    if (said === undefined) return;
    const about = { id: randomBytes(8).toString('hex'), instance: this.instance, time: clock.wall() };
    publisher.announce({ ...said, ...about, heedsConditions: true });
  }

  /** Those heard lately. */
  all(): readonly InstanceNotice[] {
    const oldest = this.options.clock.monotonic() - HEARD_MS;
    for (const [instance, { at }] of this.#heard) if (at < oldest) this.#heard.delete(instance);
    return [...this.#heard.values()].map(({ notice }) => notice);
  }

  /** Those that may hold what the log of this epoch lacks: they have not yet written it there. */
  unfilled(epoch: string): readonly InstanceNotice[] {
    return this.all().filter((peer) => peer.epoch !== epoch || (peer.phase !== 'filled' && peer.phase !== 'open'));
  }

  /** Whether one is writing everything it holds into this epoch right now. */
  isFilling(epoch: string): boolean {
    return this.all().some((peer) => peer.epoch === epoch && peer.phase === 'filling');
  }

  #turn(): void {
    this.speak();
    this.#disarm = this.options.schedule(NOTICE_MS, () => this.#turn());
  }
}
