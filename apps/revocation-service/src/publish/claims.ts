import { type Heartbeat, type Sequence, sequence } from '@revocast/core';
import { type PublishAck } from '@revocast/jetstream';
import { showsLoss } from './history-check.js';

/**
 * How far nodes say that they have read. A log counts up, so a record that is sent now stands above all that was read before.
 * If it does not, the log lost what a node had read, and the watermark of that node says nothing of the record there now. A
 * node can lie, so this alone makes no log a damaged one: it only takes acknowledgements off the proof, which time then gives.
 */
export class Claims {
  #epoch: string | undefined;
  #highest = sequence(0);
  #tell: (epoch: string, upTo: Sequence) => void = () => undefined;

  onDisowned(listener: (epoch: string, upTo: Sequence) => void): void {
    this.#tell = listener;
  }

  heard({ epoch, watermark }: Pick<Heartbeat, 'epoch' | 'watermark'>): void {
    if (epoch !== undefined && this.of(epoch) < watermark) [this.#epoch, this.#highest] = [epoch, watermark];
  }

  /** The highest watermark that was told of this epoch, if it is the one told of last. */
  of(epoch: string): Sequence {
    return epoch === this.#epoch ? this.#highest : sequence(0);
  }

  /** The record was sent when `before` had been claimed. True if nodes had read another one there. */
  stored(epoch: string, ack: Pick<PublishAck, 'duplicate' | 'sequence'>, before: Sequence): boolean {
    if (!showsLoss(ack, before)) return false;
    this.#tell(epoch, ack.sequence);
    return true;
  }
}
