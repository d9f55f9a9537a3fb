import { type Clock, epochMs, monotonicMs, type Schedule } from '@revocast/core';

export const systemClock: Clock = {
  wall: () => epochMs(Date.now()),
  monotonic: () => monotonicMs(performance.now()),
};

/** A timer that keeps no process alive: the HTTP server does, until it is closed. */
export const systemSchedule: Schedule = (delayMs, task) => {
  const timer = setTimeout(task, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};

/** Reads at most once in `ms`; for what is asked per command and costs more than one. */
export function cachedFor<T>(ms: number, clock: Clock, read: () => T): () => T {
  let cached: { readonly value: T; readonly until: number } | undefined;
  return () => {
    const now = clock.monotonic();
    if (cached === undefined || now >= cached.until) cached = { value: read(), until: now + ms };
    return cached.value;
  };
}
