import { epochMs, monotonicMs, type Clock, type Schedule } from '@revocast/core';

export const systemClock: Clock = {
  wall: () => epochMs(Date.now()),
  monotonic: () => monotonicMs(performance.now()),
};

/** A timer that keeps no process alive: an app that has nothing else to do may end. */
export const systemSchedule: Schedule = (delayMs, task) => {
  const timer = setTimeout(task, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};
