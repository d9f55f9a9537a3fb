import { type Clock, epochMs, monotonicMs, type Schedule } from '@revocast/core';

export const systemClock: Clock = {
  wall: () => epochMs(Date.now()),
  monotonic: () => monotonicMs(performance.now()),
};

export const systemSchedule: Schedule = (delayMs, task) => {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
};
