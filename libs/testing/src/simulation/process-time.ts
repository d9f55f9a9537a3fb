import { type Clock, type EpochMs, epochMs, type MonotonicMs, monotonicMs, type Schedule } from '@revocast/core';
import { type ManualTime } from '../manual-time.js';

/**
 * The time of one process in a world of several: its clocks may be wrong, it may be stopped, sleep or die, and the
 * others go on. What comes for a halted process waits, in order, as it would in its sockets; when it runs again, its due
 * timers come first, as in the event loop of Node.
 */
export class ProcessTime implements Clock {
  readonly #world: ManualTime;
  #wallAheadMs: number;
  #sleptMs = 0;
  #halt: { readonly since: number; readonly sleeps: boolean } | undefined;
  #timersWaiting: (() => void)[] = [];
  #waiting: (() => void)[] = [];
  #dead = false;

  constructor(world: ManualTime, wallAheadMs = 0) {
    this.#world = world;
    this.#wallAheadMs = wallAheadMs;
  }

  /** Neither halted nor dead. */
  get runs(): boolean {
    return !this.#dead && this.#halt === undefined;
  }

  /** What an observer with a perfect clock reads. */
  trueMs(): number {
    return this.#world.trueMs();
  }

  wall(): EpochMs {
    return epochMs(this.#world.trueMs() + this.#wallAheadMs);
  }

  monotonic(): MonotonicMs {
    const sleepsMs = this.#halt?.sleeps === true ? this.#world.trueMs() - this.#halt.since : 0;
    return monotonicMs(this.#world.monotonic() - this.#sleptMs - sleepsMs);
  }

  readonly schedule: Schedule = (delayMs, task) => {
    // Whole milliseconds, as timers have them: sums of fractions would never quite be reached.
    const dueAt = this.monotonic() + Math.ceil(Math.max(0, delayMs));
    let cancel: () => void = () => undefined;
    let isCancelled = false;
    const ring = (): void => {
      if (isCancelled) return;
      if (this.monotonic() < dueAt) arm();
      else task();
    };
    const arm = (): void => {
      cancel = this.#world.schedule(Math.max(0, dueAt - this.monotonic()), () => this.#runTimer(ring));
    };
    arm();
    return () => {
      isCancelled = true;
      cancel();
    };
  };

  /** Does it now, or as soon as the process runs again. */
  readonly run = (task: () => void): void => {
    if (this.#dead) return;
    if (this.#halt === undefined) task();
    else this.#waiting.push(task);
  };

  #runTimer(task: () => void): void {
    if (this.#halt === undefined) this.run(task);
    else this.#timersWaiting.push(task);
  }

  /** What was asked for is answered to the process when it runs. */
  answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => this.run(() => resolve(value)),
        (error: unknown) => this.run(() => reject(error instanceof Error ? error : new Error(String(error)))),
      );
    });
  }

  /**
   * Stops the process for `ms` (SIGSTOP: both clocks go on), or lets its machine sleep (the monotonic clock stands
   * still). `awake` is called when that is over, before anything that waits.
   */
  halt(ms: number, sleeps: boolean, awake: () => void): void {
    if (!this.runs) return;
    this.#halt = { since: this.#world.trueMs(), sleeps };
    this.#world.schedule(ms, () => {
      if (this.#dead) return;
      this.#resume();
      awake();
    });
  }

  /** Somebody sets the wall clock. */
  stepWall(ms: number): void {
    this.#wallAheadMs += ms;
  }

  /** How far the wall clock is ahead of the true time; a process that starts on the same machine inherits it. */
  get wallAheadMs(): number {
    return this.#wallAheadMs;
  }

  /** SIGKILL: nothing of it ever runs again. */
  kill(): void {
    this.#dead = true;
    this.#waiting = [];
  }

  #resume(): void {
    if (this.#halt?.sleeps === true) this.#sleptMs += this.#world.trueMs() - this.#halt.since;
    this.#halt = undefined;
    const waiting = [...this.#timersWaiting.splice(0), ...this.#waiting.splice(0)];
    for (const task of waiting) this.#world.schedule(0, () => this.run(task));
  }
}
