import { type FollowerState, type Verdict } from '@revocast/core';

/** One entry of what happened in a run, as an observer with a perfect clock saw it. Times in true milliseconds. */
export type HistoryEntry =
  /** A revocation stands in the log; again when it was published again. */
  | {
      readonly kind: 'published';
      readonly at: number;
      readonly log: string;
      readonly sequence: number;
      readonly id: string;
    }
  /** The broker lost the record, or the log it stood in; it binds nobody until it is published again. */
  | { readonly kind: 'lost'; readonly at: number; readonly log: string; readonly sequence: number; readonly id: string }
  /** The broker lost the newest records of a log and will give their sequences out again. */
  | { readonly kind: 'rolledBack'; readonly at: number; readonly log: string }
  | { readonly kind: 'lifted'; readonly at: number; readonly id: string }
  /** What a node told its listeners about a record. */
  | {
      readonly kind: 'noticed';
      readonly node: string;
      readonly log: string | undefined;
      readonly sequence: number;
      readonly id: string;
      readonly replayed: boolean;
    }
  | Observation
  /** A token that the revocation `id` hits was checked. */
  | {
      readonly kind: 'checked';
      readonly at: number;
      readonly node: string;
      readonly log: string | undefined;
      readonly id: string;
      readonly acknowledges: boolean;
      readonly stalenessMs: number | undefined;
      readonly verdict: Verdict;
      readonly boundMs: number;
    }
  /** The faults ended `healedMs` ago. */
  | { readonly kind: 'settled'; readonly at: number; readonly healedMs: number };

/** A node, looked at from outside between two of its steps. */
export interface Observation {
  readonly kind: 'observed';
  readonly at: number;
  readonly node: string;
  readonly log: string | undefined;
  readonly state: FollowerState;
  readonly watermark: number;
  /** Whether the record that it names at its watermark is the one that stands there: otherwise nobody counts it. */
  readonly acknowledges: boolean;
  readonly stalenessMs: number | undefined;
  readonly fresh: boolean;
  /** How often it began anew with a log. */
  readonly resyncs: number;
  /** Revocations whose token it finds revoked. */
  readonly found: ReadonlySet<string>;
  readonly readsInFlight: number;
  readonly recordsPerRead: number;
  readonly timers: number;
}

export type History = readonly HistoryEntry[];
/** Sentences about what was broken; none when the run kept the guarantee. */
export type Guarantee = (history: History) => readonly string[];

interface Placement {
  readonly id: string;
  readonly log: string;
  readonly sequence: number;
  readonly at: number;
}

/** What binds everybody at one moment of the history. */
interface Moment {
  /** Revocations that stand in the log and are not lifted. */
  readonly binding: readonly Placement[];
  /** When a log of this name last lost records, or was made again. */
  readonly lossOf: (log: string | undefined) => number | undefined;
}

/**
 * A log is told apart by its name and when it was made. What was on its way from the one before may arrive after a log was
 * made again under its name, as late as the network likes: to followers that is a loss of the same log.
 */
const nameOf = (log: string | undefined): string | undefined => log?.split(' ', 1)[0];

/** Replays the history and asks `judge` about every entry. */
const judgeEach = (history: History, judge: (entry: HistoryEntry, moment: Moment) => string | undefined): string[] => {
  const binding = new Map<string, Placement>();
  const losses = new Map<string | undefined, number>();
  const problems: string[] = [];
  for (const entry of history) {
    if (entry.kind === 'rolledBack' || entry.kind === 'lost') losses.set(nameOf(entry.log), entry.at);
    if (entry.kind === 'published') binding.set(`${entry.log} ${entry.sequence}`, entry);
    if (entry.kind === 'lost') binding.delete(`${entry.log} ${entry.sequence}`);
    if (entry.kind === 'lifted') {
      for (const [place, { id }] of binding) if (id === entry.id) binding.delete(place);
    }
    const lossOf = (log: string | undefined): number | undefined => losses.get(nameOf(log));
    const problem = judge(entry, { binding: [...binding.values()], lossOf });
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
};

type WithWatermark = Pick<Observation, 'at' | 'log' | 'acknowledges' | 'stalenessMs'>;

/**
 * Whether a node's watermark promises that it holds `place`: it names the record that stands there, and if the log ever lost
 * records, it has compared identities since that place was filled. (Before that it may hold lost records among new ones, the
 * network delivers them late; the service counts no acknowledgement across a loss, it opens a new epoch.)
 */
const isPromised = (node: WithWatermark, place: Placement, { lossOf }: Moment): boolean => {
  if (!node.acknowledges || lossOf(node.log) === undefined) return node.acknowledges;
  return node.stalenessMs !== undefined && node.at - node.stalenessMs > place.at;
};

/** While current, no token hit by a record at or below the watermark is called active. */
const sound: Guarantee = (history) =>
  judgeEach(history, (entry, moment) => {
    if (entry.kind !== 'checked' || entry.verdict.kind !== 'active') return undefined;
    const { watermark } = entry.verdict;
    const missed = moment.binding.find(
      (place) =>
        place.id === entry.id &&
        place.log === entry.log &&
        place.sequence <= watermark &&
        isPromised(entry, place, moment),
    );
    return missed && `${entry.node} at ${watermark} called active what ${missed.id} at ${missed.sequence} revokes`;
  });

/** Nothing older than the bound is called active. */
const honest: Guarantee = (history) =>
  judgeEach(history, (entry, { binding }) => {
    if (entry.kind !== 'checked' || entry.verdict.kind !== 'active') return undefined;
    const late = binding.find(({ id, at }) => id === entry.id && entry.at - at > entry.boundMs);
    return late && `${entry.node} called active what ${late.id} revoked ${entry.at - late.at} ms ago`;
  });

/** Who says "my proof is s old" holds everything that was in the log s ago. */
const fresh: Guarantee = (history) =>
  judgeEach(history, (entry, { binding }) => {
    if (entry.kind !== 'observed' || !entry.fresh || entry.stalenessMs === undefined) return undefined;
    const provenAt = entry.at - entry.stalenessMs;
    const missed = binding.find(({ id, at }) => at < provenAt && !entry.found.has(id));
    return (
      missed && `${entry.node} claims ${entry.stalenessMs} ms and lacks ${missed.id} of ${entry.at - missed.at} ms ago`
    );
  });

/** The watermark never passes a record that was not applied. */
const complete: Guarantee = (history) =>
  judgeEach(history, (entry, moment) => {
    if (entry.kind !== 'observed') return undefined;
    const { node, watermark, log, found } = entry;
    const missed = moment.binding.find(
      (place) =>
        place.log === log && place.sequence <= watermark && !found.has(place.id) && isPromised(entry, place, moment),
    );
    return missed && `${node} is at ${watermark} and has not applied ${missed.sequence}`;
  });

/** Within one log the watermark only grows. */
const ordered: Guarantee = (history) => {
  const before = new Map<string, Observation>();
  return judgeEach(history, (entry) => {
    if (entry.kind !== 'observed') return undefined;
    const last = before.get(entry.node);
    before.set(entry.node, entry);
    if (last?.resyncs !== entry.resyncs || entry.watermark >= last.watermark) return undefined;
    return `${entry.node} went from ${last.watermark} back to ${entry.watermark}`;
  });
};

/** A record that comes again takes effect once: outside of a re-read nobody is told twice. */
const idempotent: Guarantee = (history) => {
  const told = new Set<string>();
  return judgeEach(history, (entry, { lossOf }) => {
    if (entry.kind !== 'noticed') return undefined;
    // A sequence that was given out again holds another record, even if that carries the same revocation.
    const key = [entry.node, entry.log, lossOf(entry.log), entry.sequence, entry.id].join(' ');
    const again = told.has(key) && !entry.replayed;
    told.add(key);
    return again ? `${entry.node} told twice of ${entry.id}` : undefined;
  });
};

/** What a node once found revoked stays revoked until it is lifted, whatever becomes of the log. */
const neverForgets: Guarantee = (history) => {
  const known = new Map<string, Set<string>>();
  const lifted = new Set<string>();
  return judgeEach(history, (entry) => {
    if (entry.kind === 'lifted') lifted.add(entry.id);
    if (entry.kind !== 'observed') return undefined;
    const before = known.get(entry.node) ?? new Set();
    known.set(entry.node, new Set([...before, ...entry.found]));
    const forgotten = [...before].find((id) => !entry.found.has(id) && !lifted.has(id));
    return forgotten && `${entry.node} forgot ${forgotten}`;
  });
};

/** Reads, their size and timers stay under their limits. */
const bounded: Guarantee = (history) =>
  judgeEach(history, (entry) => {
    if (entry.kind !== 'observed') return undefined;
    const { readsInFlight, recordsPerRead, timers } = entry;
    const within = readsInFlight <= READS_MAX && recordsPerRead <= RECORDS_PER_READ_MAX && timers <= 1;
    return within ? undefined : `${entry.node}: ${readsInFlight} reads of ${recordsPerRead}, ${timers} timers`;
  });
/** Four of the catch-up and one to compare identities; as many again of a log that was given up a moment ago. */
const READS_MAX = 10;
const RECORDS_PER_READ_MAX = 256;

/** What every node was last seen as, once the faults were over. */
const afterwards = (history: History): readonly Observation[] => {
  const end = history.findIndex((entry) => entry.kind === 'settled');
  const last = new Map<string, Observation>();
  for (const entry of history.slice(end)) if (entry.kind === 'observed') last.set(entry.node, entry);
  return end === -1 ? [] : [...last.values()];
};

/** Once faults stop, every node is current within the time that the run gave it. */
const live: Guarantee = (history) =>
  afterwards(history)
    .filter(({ state }) => state !== 'current')
    .map(({ node, state }) => `${node} is ${state} after all faults ended`);

/** After any cut the log is enough to know everything that binds. */
const resumable: Guarantee = (history) => {
  const nodes = afterwards(history);
  let atTheEnd: readonly Placement[] = [];
  judgeEach(history, (_, { binding }) => {
    atTheEnd = binding;
    return undefined;
  });
  return nodes.flatMap(({ node, found }) =>
    atTheEnd.filter(({ id }) => !found.has(id)).map(({ id }) => `${node} never learned of ${id}`),
  );
};

/** Nodes at one watermark of one log answer alike. Compared when nothing is above it: what is ahead may differ. */
const convergent: Guarantee = (history) => {
  const [first, ...others] = afterwards(history);
  if (first === undefined) return [];
  return others
    .filter(({ log, watermark }) => log === first.log && watermark === first.watermark)
    .filter(({ found }) => [...found].sort().join() !== [...first.found].sort().join())
    .map(({ node }) => `${node} and ${first.node} differ at ${first.watermark}`);
};

/** What no run may break, whatever the faults; docs/ARCHITECTURE.md words them. */
export const GUARANTEES = {
  sound,
  honest,
  fresh,
  ordered,
  complete,
  idempotent,
  resumable,
  convergent,
  bounded,
  live,
  neverForgets,
} as const satisfies Readonly<Record<string, Guarantee>>;
export type GuaranteeName = keyof typeof GUARANTEES;

/** Every broken guarantee with the first sentences about it; empty when all were kept. */
export const brokenGuarantees = (history: History): Partial<Record<GuaranteeName, readonly string[]>> =>
  Object.fromEntries(
    Object.entries(GUARANTEES)
      .map(([name, guarantee]) => [name, guarantee(history).slice(0, 3)] as const)
      .filter(([, problems]) => problems.length > 0),
  );
