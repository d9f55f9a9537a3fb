import {
  type Clock,
  type EpochMs,
  epochMs,
  type MonotonicMs,
  monotonicMs,
  type Schedule,
  readClock,
  type Instant,
} from '@revocast/core';
import { TaskQueue } from './task-queue.js';

/** Tasks that may run at one moment before we call it a loop that never ends. */
const TASKS_AT_ONCE_MAX = 20_000;

/** Somebody sets timers that are due at once, for ever. */
export class SpinningError extends Error {}

/** Turns of the event loop after a timer: enough for promises that wait for promises to settle. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Clocks and timers that stand still until a test moves them. One `ManualTime` is one process: what happens to a real
 * one (stopped, suspended, a stepped wall clock) is a method here. Several processes share a `ManualTime` as long as
 * nothing of that kind happens to them.
 */
export class ManualTime implements Clock {
  #monotonic: number;
  #wall: number;
  #true: number;
  readonly #timers = new TaskQueue();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wall = startMs;
    this.#true = startMs;
    this.#monotonic = 1_000;
  }

  wall(): EpochMs {
    return epochMs(this.#wall);
  }

  monotonic(): MonotonicMs {
    return monotonicMs(this.#monotonic);
  }

  now(): Instant {
    return readClock(this);
  }

  /** What a perfect clock would say; validators judge by it. */
  trueMs(): number {
    return this.#true;
  }

  readonly schedule: Schedule = (delayMs, task) => this.#timers.add(this.#monotonic + Math.max(0, delayMs), task);

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass: due timers run in order, and after each the promises it settled. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settled();
    let atOnce = 0;
    for (let next = this.#timers.take(end); next !== undefined; next = this.#timers.take(end)) {
      atOnce = next.dueAt > this.#monotonic ? 0 : atOnce + 1;
      if (atOnce > TASKS_AT_ONCE_MAX)
        throw new SpinningError(`${atOnce} tasks and no time has passed: something spins`);
      this.#pass(Math.max(0, next.dueAt - this.#monotonic));
      next.run();
      await settled();
    }
    this.#pass(end - this.#monotonic);
  }

  /** Advances until `condition` holds; throws after `withinMs` of manual time. */
  async until(condition: () => boolean, withinMs = 60_000, stepMs = 10): Promise<void> {
    const end = this.#monotonic + withinMs;
    while (!condition()) {
      if (this.#monotonic >= end) throw new Error(`still not so after ${withinMs} ms: ${condition.toString()}`);
      await this.advance(stepMs);
    }
  }

  /** SIGSTOP for `ms`: both clocks go on and nothing runs. */
  stop(ms: number): void {
    this.#pass(ms);
  }

  /** The machine sleeps for `ms`: the monotonic clock stands still, the wall clock is right when it wakes. */
  suspend(ms: number): void {
    this.#wall += ms;
    this.#true += ms;
  }

  /** Somebody sets the wall clock. */
  stepWall(ms: number): void {
    this.#wall += ms;
  }

  #pass(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
    this.#true += ms;
  }
}
