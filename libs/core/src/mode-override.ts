import { type Instant } from './clock.js';
import { type ModeOverride } from './local-file.js';
import { type EpochMs, type MonotonicMs, monotonicMs } from './units.js';
import { type Mode, MODES } from './verdict.js';

/**
 * How long a node says that it will be weaker before it is. The service counts a node with a local file only by what it
 * said less than `OVERRIDE_TRUST_MS` ago, so before the node opens nobody counts it any more. Milliseconds.
 */
export const OVERRIDE_NOTICE_MS = 10_000;

/**
 * How old, by the tick that a heartbeat names, the word of a node with a local file may be. Two seconds less than the
 * notice: the clocks of service instances may differ by that. Milliseconds.
 */
export const OVERRIDE_TRUST_MS = 8_000;

/** `MODES` begins with the strictest. */
export const isWeaker = (mode: Mode, than: Mode): boolean => MODES.indexOf(mode) > MODES.indexOf(than);

export const weakestOf = (a: Mode, b: Mode): Mode => (isWeaker(a, b) ? a : b);

interface RunningOverride extends ModeOverride {
  /** When it ends by a clock that nobody can step, counted from when it was read. */
  readonly untilMonotonic: MonotonicMs;
}

/** What others see of an override. */
export interface ModeOverrideStatus {
  readonly value: Mode;
  readonly until: EpochMs;
  /** False while it is only announced. */
  readonly inForce: boolean;
}

/**
 * Which mode is in force and which one is said. A stricter mode holds at once; a weaker one is announced first. The mode
 * that is *said* is never stricter than the one in force: `said` turns back only in `step`, after the owner has looked at
 * everything that was let in meanwhile.
 */
export class ModeSwitch {
  #override: RunningOverride | undefined;
  #said: Mode;
  #inForce: Mode;
  #opensAt: MonotonicMs | undefined;

  constructor(private readonly configured: Mode) {
    this.#said = configured;
    this.#inForce = configured;
  }

  /** The file says this now. `isFirst`: the process has said nothing yet, so there is nobody who counts on it. */
  set(override: ModeOverride | undefined, now: Instant, isFirst: boolean): void {
    const isSame = override?.value === this.#override?.value && override?.until === this.#override?.until;
    if (!isSame) {
      const leftMs = override === undefined ? 0 : override.until - now.wall;
      this.#override = override && { ...override, untilMonotonic: monotonicMs(now.monotonic + leftMs) };
    }
    this.#advance(now, isFirst);
  }

  /** Lets announced modes begin and over ones end. Call it about each second. */
  step(now: Instant): void {
    this.#advance(now, false);
  }

  /** The mode for a request, by the clock and not by the last step: an override must not outlive its end. */
  mode(now: Instant): Mode {
    const target = this.#target(now);
    return isWeaker(this.#inForce, target) ? target : this.#inForce;
  }

  /** The weakest mode that is or will shortly be in force. */
  get said(): Mode {
    return this.#said;
  }

  status(now: Instant): ModeOverrideStatus | undefined {
    const override = this.#override;
    if (override === undefined || this.#isOver(override, now)) return undefined;
    return { value: override.value, until: override.until, inForce: this.mode(now) === override.value };
  }

  #advance(now: Instant, isFirst: boolean): void {
    const target = this.#target(now);
    if (!isWeaker(target, this.#inForce) || isFirst) {
      this.#inForce = target;
      this.#said = target;
      this.#opensAt = undefined;
      return;
    }
    if (this.#said !== target || this.#opensAt === undefined) {
      // A notice that was given for a weaker mode covers this one.
      const isCovered = this.#opensAt !== undefined && !isWeaker(target, this.#said);
      if (!isCovered) this.#opensAt = monotonicMs(now.monotonic + OVERRIDE_NOTICE_MS);
      this.#said = target;
    }
    if (this.#opensAt === undefined || now.monotonic < this.#opensAt) return;
    this.#inForce = target;
    this.#opensAt = undefined;
  }

  #target(now: Instant): Mode {
    const override = this.#override;
    return override === undefined || this.#isOver(override, now) ? this.configured : override.value;
  }

  /**
   * A stepped clock must not leave a node open: a weaker mode ends by whichever clock says so first, a stricter one when
   * both do.
   */
  #isOver({ value, until, untilMonotonic }: RunningOverride, now: Instant): boolean {
    const [byWall, byMonotonic] = [now.wall >= until, now.monotonic >= untilMonotonic];
    return isWeaker(value, this.configured) ? byWall || byMonotonic : byWall && byMonotonic;
  }
}
