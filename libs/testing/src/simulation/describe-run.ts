import { type GuaranteeName } from '../guarantees.js';
import { type HistoryEntry } from '../history.js';
import { type Broken, playSchedule, type RunSchedule } from './schedule.js';
import { type WorldAlterations } from './simulated-world.js';

/** A run as a person reads it: how it began, what happened when, what the service said, and what that broke. */
export const describeRun = async (
  schedule: RunSchedule,
  broken: Broken,
  alterations: WorldAlterations = {},
): Promise<string> => {
  const { setup } = schedule;
  const history = await playSchedule(schedule, alterations);
  const began = history.find((entry) => 'at' in entry);
  const lines = history.flatMap((entry) => lineOf(entry, timeOf(began)));
  return [
    `${setup.services} service(s), bound ${setup.fleetBoundMs} ms`,
    ...setup.nodes.map((plan, at) => `host-${at + 1}: ${JSON.stringify(plan)}`),
    ...lines,
    ...sentencesOf(broken),
  ].join('\n');
};

const timeOf = (entry: HistoryEntry | undefined): number => (entry !== undefined && 'at' in entry ? entry.at : 0);

const sentencesOf = (broken: Broken): readonly string[] =>
  (Object.entries(broken) as [GuaranteeName, readonly string[]][]).flatMap(([name, sentences]) =>
    sentences.map((sentence) => `NOT ${name}: ${sentence}`),
  );

const lineOf = (entry: HistoryEntry, beganAt: number): readonly string[] => {
  const said = saidOf(entry);
  return said === undefined ? [] : [`${String(Math.round(timeOf(entry) - beganAt)).padStart(8)} ms  ${said}`];
};

const saidOf = (entry: HistoryEntry): string | undefined => {
  switch (entry.kind) {
    case 'happened':
      return entry.what;
    case 'published':
      return `  ${entry.id} stands at ${entry.sequence} of ${entry.log}`;
    case 'lost':
      return `  ${entry.id} stands no more at ${entry.sequence} of ${entry.log}`;
    case 'agedOut':
      return `  ${entry.id} has aged out at ${entry.sequence} of ${entry.log}`;
    case 'claimed':
      return `  ${entry.service}: ${entry.id} is ${entry.state} (applied: ${[...entry.applied].join(', ')})`;
    case 'settled':
      return `all faults have been over for ${entry.healedMs} ms`;
    case 'spins':
      return entry.why;
    case 'forged':
    case 'lifted':
    case 'noticed':
    case 'observed':
    case 'rolledBack':
      return undefined;
  }
};
