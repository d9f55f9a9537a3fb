import { CONFLICTS_MAX, CUTS_REMEMBERED_MAX, VERIFY_RECORDS_MAX } from './follower-limits.js';
import { type SequenceRange } from './log-progress.js';
import { BEFORE_FIRST, sequence, type Sequence } from './units.js';

/** A range to compare with the log. `last`: once it is the same there, everything up to its end is. */
export interface IdentityCheck extends SequenceRange {
  readonly last: boolean;
}

/**
 * What must be compared with the log before a proof counts. A log that lost its newest records gives their sequences
 * out again, so the record at the watermark alone proves little: a node that read on after the loss agrees with the log
 * there, and still holds a lost record below. Compared are the watermarks of the last proof and of every cut since (what
 * came over one connection came from one history), and every record since, up to a number.
 */
export class IdentityChecks {
  /** Ascending; the first is that of the last proof. */
  #watermarks: Sequence[] = [];
  /** How many of them were compared since the last cut or proof. */
  #compared = 0;
  /** All of them: with one alone, somebody could hide a real conflict behind one that he invents. */
  readonly #conflicts = new Set<Sequence>();

  /** Whether two records were seen at one sequence, or one at two. */
  get inConflict(): boolean {
    return this.#conflicts.size > 0;
  }

  /** More than are worth comparing. */
  get tooManyConflicts(): boolean {
    return this.#conflicts.size > CONFLICTS_MAX;
  }

  /** Whether our record at this sequence is the one that the log has there is in doubt. */
  sawConflict(at: Sequence): void {
    if (!this.tooManyConflicts) this.#conflicts.add(at);
  }

  /** The connection was cut at this watermark. False: too many cuts without a proof to remember them all. */
  sawCut(watermark: Sequence): boolean {
    this.#compared = 0;
    if (watermark > (this.#watermarks.at(-1) ?? BEFORE_FIRST)) this.#watermarks.push(watermark);
    return this.#watermarks.length <= CUTS_REMEMBERED_MAX;
  }

  /** What is before `first` can no longer be compared, and need not: it hits no living token. */
  agedOutBefore(first: Sequence): void {
    this.#compared = 0;
    this.#watermarks = this.#watermarks.filter((watermark) => watermark >= first);
    for (const at of this.#conflicts) if (at < first) this.#conflicts.delete(at);
  }

  /** Neither the log nor the watermark goes further: what was seen above stands nowhere, and there is nothing to compare it with. */
  endsAt(last: Sequence): void {
    for (const at of this.#conflicts) if (at > last) this.#conflicts.delete(at);
  }

  /** What to compare next, on the way to a proof at `watermark`. */
  next(watermark: Sequence, first: Sequence): IdentityCheck {
    if (this.inConflict) return this.#conflictCheck();
    const from = Math.max(1, first, watermark - VERIFY_RECORDS_MAX + 1, this.#watermarks[0] ?? BEFORE_FIRST);
    const earlier = this.#watermarks[this.#compared];
    if (earlier !== undefined && earlier < from) return { from: earlier, to: earlier, last: false };
    return { from: sequence(from), to: watermark, last: true };
  }

  /** The log has the same records there as we do. */
  same({ from, to, last }: IdentityCheck): void {
    const settled = [...this.#conflicts].filter((at) => from <= at && at <= to);
    for (const at of settled) this.#conflicts.delete(at);
    if (!last) {
      if (settled.length === 0) this.#compared += 1;
      return;
    }
    this.#watermarks = [to];
    this.#compared = 0;
  }

  /** From the lowest conflict on, as many as one read covers. */
  #conflictCheck(): IdentityCheck {
    const from = sequence(Math.min(...this.#conflicts));
    const near = [...this.#conflicts].filter((at) => at < from + VERIFY_RECORDS_MAX);
    return { from, to: sequence(Math.max(...near)), last: false };
  }
}
