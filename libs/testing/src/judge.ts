import { type History, type HistoryEntry, type Observation, type Placement } from './history.js';

/** Sentences about what was broken; none when the run kept the guarantee. */
export type Guarantee = (history: History) => readonly string[];

/** What binds everybody at one moment of the history. */
export interface Moment {
  /** Revocations that stand in the log and are not lifted, with their places. */
  readonly standing: readonly Placement[];
  /** Revocations that bind, also while the log is being replaced. */
  readonly binding: readonly string[];
  /** Since when a revocation binds; undefined when it does not. */
  readonly bindingSince: (id: string) => number | undefined;
  readonly isLifted: (id: string) => boolean;
  /** When a log of this name last lost records, or was made again. */
  readonly lossOf: (log: string | undefined) => number | undefined;
}

/**
 * A log is told apart by its name and when it was made. What was on its way from the one before may arrive after a log was
 * made again under its name, as late as the network likes: to followers that is a loss of the same log.
 */
const nameOf = (log: string | undefined): string | undefined => log?.split(' ', 1)[0];

/** The truth so far, kept up to date entry by entry. */
class RunningMoment implements Moment {
  standing: readonly Placement[] = [];
  binding: readonly string[] = [];
  readonly #since = new Map<string, number>();
  readonly #lifted = new Set<string>();
  readonly #losses = new Map<string | undefined, number>();

  readonly bindingSince = (id: string): number | undefined => this.#since.get(id);
  readonly isLifted = (id: string): boolean => this.#lifted.has(id);
  readonly lossOf = (log: string | undefined): number | undefined => this.#losses.get(nameOf(log));

  take(entry: HistoryEntry): void {
    if (entry.kind === 'published') this.#published(entry);
    else if (entry.kind === 'lost') this.#lost(entry);
    else if (entry.kind === 'agedOut') this.#standsNoMore(entry);
    else if (entry.kind === 'lifted') this.#onLifted(entry.id);
    else if (entry.kind === 'rolledBack') this.#losses.set(nameOf(entry.log), entry.at);
  }

  #published(place: Placement): void {
    if (this.#lifted.has(place.id)) return;
    this.standing = [...this.standing, place];
    if (this.#since.has(place.id)) return;
    this.#since.set(place.id, place.at);
    this.binding = [...this.binding, place.id];
  }

  #standsNoMore({ log, sequence }: Placement): void {
    this.standing = this.standing.filter((place) => place.log !== log || place.sequence !== sequence);
  }

  #lost(entry: HistoryEntry & { readonly kind: 'lost' }): void {
    const { log, id, because, at } = entry;
    this.#losses.set(nameOf(log), at);
    this.#standsNoMore(entry);
    if (because === 'rolledBack' && !this.standing.some((place) => place.id === id)) this.#bindsNoMore(id);
  }

  #onLifted(id: string): void {
    this.#lifted.add(id);
    this.standing = this.standing.filter((place) => place.id !== id);
    this.#bindsNoMore(id);
  }

  #bindsNoMore(id: string): void {
    this.#since.delete(id);
    this.binding = this.binding.filter((other) => other !== id);
  }
}

/** Replays the history and asks `judge` about every entry. */
export const judgeEach = (
  history: History,
  judge: (entry: HistoryEntry, moment: Moment) => string | undefined,
): string[] => {
  const moment = new RunningMoment();
  const problems: string[] = [];
  for (const entry of history) {
    moment.take(entry);
    const problem = judge(entry, moment);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
};

/** A guarantee that speaks of each look at a node by itself. */
export const observedJudge =
  (judge: (entry: Observation, moment: Moment) => string | undefined): Guarantee =>
  (history) =>
    judgeEach(history, (entry, moment) => (entry.kind === 'observed' ? judge(entry, moment) : undefined));

/** What every node was last seen as, once the faults were over. */
export const afterwards = (history: History): readonly Observation[] => {
  const end = history.findIndex((entry) => entry.kind === 'settled');
  const last = new Map<string, Observation>();
  for (const entry of history.slice(end)) if (entry.kind === 'observed') last.set(entry.node, entry);
  return end === -1 ? [] : [...last.values()];
};
