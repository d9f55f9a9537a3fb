/** Steps of time that are told apart at most. */
const STEPS_MAX = 4_096;
const SLOTS_MIN = 64;

/**
 * How many entries end when, in bounded memory: counts per step of time, where a step is one second at first and doubles
 * whenever there are too many different ones. It never says that an entry has ended which has not: an entry counts until
 * the end of its step. With lifetimes of a day steps are some seconds long, with lifetimes of years an hour.
 */
export class EndCounts {
  /** All, running or not. */
  count = 0;
  /** Entries that end only when lifted. */
  #endless = 0;
  #seconds = 1;
  /** Open addressing by step, NaN = empty. A step without entries any more stays until the next rehash. */
  #steps = emptySteps(SLOTS_MIN);
  #counts = new Int32Array(SLOTS_MIN);
  #used = 0;
  /** End of the last step that has entries. Seconds. */
  #latest = -Infinity;

  get bytes(): number {
    return this.#steps.byteLength + this.#counts.byteLength;
  }

  add(endsAt: number): void {
    this.count++;
    if (endsAt === Infinity) {
      this.#endless++;
      return;
    }
    const slot = this.#slotFor(this.#stepOf(endsAt));
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    this.#latest = Math.max(this.#latest, this.#endOf(slot));
    if (this.#used * 2 > this.#steps.length) this.#rehash();
  }

  remove(endsAt: number): void {
    this.count--;
    if (endsAt === Infinity) {
      this.#endless--;
      return;
    }
    if (this.count === this.#endless) {
      this.#clear();
      return;
    }
    const slot = this.#slotFor(this.#stepOf(endsAt));
    const left = (this.#counts[slot] ?? 0) - 1;
    this.#counts[slot] = left;
    if (left === 0 && this.#endOf(slot) === this.#latest) this.#latest = this.#findLatest();
  }

  /** Whether any may be running: never false while one is. */
  mayRun(now: number): boolean {
    return this.count > 0 && (this.#endless > 0 || now < this.#latest);
  }

  /** Entries that have not ended; those in the step of `now` all count. */
  running(now: number): number {
    let running = this.#endless;
    if (now >= this.#latest) return running;
    for (let slot = 0; slot < this.#counts.length; slot++) {
      if (this.#endOf(slot) > now) running += this.#counts[slot] ?? 0;
    }
    return running;
  }

  /** Whether any step with entries has ended at `limit`. */
  hasEnded(limit: number): boolean {
    if (this.count === this.#endless) return false;
    return this.#counts.some((count, slot) => count > 0 && this.#endOf(slot) <= limit);
  }

  /** An end lies in the step that ends at or after it. */
  #stepOf(endsAt: number): number {
    return Math.ceil(endsAt / this.#seconds);
  }

  /** NaN for an empty slot, which is neither before nor after anything. */
  #endOf(slot: number): number {
    return (this.#steps[slot] ?? 0) * this.#seconds;
  }

  #findLatest(): number {
    let latest = -Infinity;
    this.#counts.forEach((count, slot) => {
      if (count > 0) latest = Math.max(latest, this.#endOf(slot));
    });
    return latest;
  }

  #slotFor(step: number): number {
    const last = this.#steps.length - 1;
    for (let slot = Math.imul(step, 0x9e3779b1) >>> 7; ; slot++) {
      const held = this.#steps[slot & last] ?? 0;
      if (held === step) return slot & last;
      if (Number.isNaN(held)) {
        this.#steps[slot & last] = step;
        this.#used++;
        return slot & last;
      }
    }
  }

  /** After a wave of expiries the memory comes back, and steps are short again. */
  #clear(): void {
    this.#seconds = 1;
    this.#steps = emptySteps(SLOTS_MIN);
    this.#counts = new Int32Array(SLOTS_MIN);
    this.#used = 0;
    this.#latest = -Infinity;
  }

  /** Drops steps without entries; grows while there may be more steps, and from then on makes them longer. */
  #rehash(): void {
    const [steps, counts] = [this.#steps, this.#counts];
    const held = steps.filter((_, slot) => (counts[slot] ?? 0) > 0);
    let ratio = 1;
    let different = held.length;
    for (; different > STEPS_MAX / 2; ratio *= 2) different = countDifferent(held, 2 * ratio);
    this.#seconds *= ratio;
    const slots = Math.max(SLOTS_MIN, 2 ** Math.ceil(Math.log2(different * 4 + 1)));
    this.#steps = emptySteps(slots);
    this.#counts = new Int32Array(slots);
    this.#used = 0;
    counts.forEach((count, i) => {
      if (count === 0) return;
      // The end of what was ceil(e / s) is ceil(e / (s * ratio)): an entry is found again under its own end.
      const slot = this.#slotFor(Math.ceil((steps[i] ?? 0) / ratio));
      this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
    });
    this.#latest = this.#findLatest();
  }
}

const countDifferent = (steps: Float64Array, ratio: number): number =>
  new Set(Array.from(steps, (step) => Math.ceil(step / ratio))).size;

const emptySteps = (slots: number): Float64Array => new Float64Array(slots).fill(Number.NaN);
