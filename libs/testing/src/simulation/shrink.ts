import { type Happening } from './happenings.js';
import { type RunSchedule } from './schedule.js';

/** Runs that shrinking may take: the last happenings are worth less than the wait for them. */
const RUNS_MAX = 400;

/**
 * Leaves out what is not needed for the run to fail (delta debugging): halves first, then ever smaller parts, as long as
 * `fails` says that it still does.
 */
export const shrink = async (
  schedule: RunSchedule,
  fails: (shorter: RunSchedule) => Promise<boolean>,
): Promise<RunSchedule> => {
  let { happenings } = schedule;
  let runs = 0;
  for (let size = Math.ceil(happenings.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < happenings.length && runs < RUNS_MAX;) {
      const shorter = without(happenings, from, size);
      runs += 1;
      if (await fails({ ...schedule, happenings: shorter })) happenings = shorter;
      else from += size;
    }
  }
  return { ...schedule, happenings };
};

/** The time that passed after what is left out still passes. */
const without = (happenings: readonly Happening[], from: number, size: number): readonly Happening[] => {
  const left = [...happenings.slice(0, from), ...happenings.slice(from + size)];
  const waitMs = happenings.slice(from, from + size).reduce((sum, happening) => sum + happening.waitMs, 0);
  const before = left[from - 1];
  if (before === undefined) return left;
  return left.with(from - 1, { ...before, waitMs: before.waitMs + waitMs });
};
