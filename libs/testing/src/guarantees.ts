import { enforced, onlyOurs } from './fleet-guarantees.js';
import { type History, type Observation, type Placement } from './history.js';
import { afterwards, type Guarantee, judgeEach, type Moment, observedJudge } from './judge.js';

/**
 * Whether a node's watermark promises that it holds `place`: it names the record that stands there, and if the log ever lost
 * records, it has compared identities since that place was filled. (Before that it may hold lost records among new ones, the
 * network delivers them late; the service counts no acknowledgement across a loss, it opens a new epoch.)
 */
const isPromised = (node: Observation, place: Placement, { lossOf }: Moment): boolean => {
  if (place.log !== node.log || place.sequence > node.watermark) return false;
  if (!node.acknowledges || lossOf(node.log) === undefined) return node.acknowledges;
  // What it says of a proof that it does not stand by, since a clock was set meanwhile, dates nothing.
  return node.fresh && node.stalenessMs !== undefined && node.at - node.stalenessMs > place.at;
};

/** While current, no token hit by a record at or below the watermark is called active. */
const sound: Guarantee = observedJudge((entry, moment) => {
  if (entry.active.size === 0 || !entry.covers) return undefined;
  const missed = moment.standing.find((place) => entry.active.has(place.id) && isPromised(entry, place, moment));
  return missed && `${entry.node} at ${entry.watermark} called active what ${missed.id} at ${missed.sequence} revokes`;
});

/** Nothing older than the bound is called active. */
const honest: Guarantee = observedJudge((entry, { bindingSince }) => {
  if (!entry.covers) return undefined;
  for (const id of entry.active) {
    const since = bindingSince(id);
    if (since !== undefined && entry.at - since > entry.boundMs)
      return `${entry.node} called active what ${id} revoked ${entry.at - since} ms ago`;
  }
  return undefined;
});

/** Who says "my proof is s old" holds everything that was in the log s ago, and knows of no loss that the log had by then. */
const fresh: Guarantee = observedJudge((entry, { bindingSince, binding }) => {
  if (entry.fresh && entry.shortBy > 0)
    return `${entry.node} claims to be at the head of a log that lacks ${entry.shortBy} records of which it had heard`;
  if (entry.fresh && entry.untold) return `${entry.node} was proven before the service had its say`;
  if (!entry.fresh || entry.stalenessMs === undefined || !entry.covers) return undefined;
  const provenAt = entry.at - entry.stalenessMs;
  const missed = binding.find((id) => !entry.found.has(id) && (bindingSince(id) ?? Infinity) < provenAt);
  return missed && `${entry.node} claims ${entry.stalenessMs} ms and lacks ${missed}, which is older`;
});

/** The watermark never passes a record that was not applied. */
const complete: Guarantee = observedJudge((entry, moment) => {
  if (!entry.covers) return undefined;
  const missed = moment.standing.find((place) => !entry.found.has(place.id) && isPromised(entry, place, moment));
  return missed && `${entry.node} is at ${entry.watermark} and has not applied ${missed.sequence}`;
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
  return judgeEach(history, (entry, { lossOf, standing }) => {
    if (entry.kind !== 'noticed') return undefined;
    // A sequence that was given out again holds another record, even if that carries the same revocation.
    // What was on its way when the log lost records is told before the node notices the loss, and again after it began anew.
    const loss = lossOf(entry.log);
    const since = loss === undefined ? '' : `${loss} ${entry.resyncs}`;
    const key = [entry.node, entry.log, since, entry.sequence, entry.id].join(' ');
    // A copy of what the log lost may come late, when the node began anew and it is news again.
    const stands = standing.some(
      ({ log, sequence, id }) => log === entry.log && sequence === entry.sequence && id === entry.id,
    );
    const again = told.has(key) && !entry.replayed && stands;
    told.add(key);
    return again ? `${entry.node} told twice of ${entry.id}` : undefined;
  });
};

/** What a node once found revoked stays revoked until it is lifted, whatever becomes of the log. */
const neverForgets: Guarantee = (history) => {
  const known = new Map<string, ReadonlySet<string>>();
  return judgeEach(history, (entry, { isLifted }) => {
    if (entry.kind !== 'observed') return undefined;
    const before = known.get(entry.node);
    known.set(entry.node, entry.found);
    // The same set, not only an equal one: nothing changed.
    if (before === undefined || before === entry.found) return undefined;
    const forgotten = [...before].find((id) => !entry.found.has(id) && !isLifted(id));
    return forgotten && `${entry.node} forgot ${forgotten}`;
  });
};

/** Reads, their size and timers stay under their limits, and work comes to an end. */
const bounded: Guarantee = (history) =>
  judgeEach(history, (entry) => {
    if (entry.kind === 'spins') return entry.why;
    if (entry.kind !== 'observed') return undefined;
    const { node, readsInFlight, recordsPerRead, timers } = entry;
    const within = readsInFlight <= READS_MAX && recordsPerRead <= RECORDS_PER_READ_MAX && timers <= 1;
    return within ? undefined : `${node}: ${readsInFlight} reads of ${recordsPerRead}, ${timers} timers`;
  });
/** Four of the catch-up and one to compare identities; as many again of a log that was given up a moment ago. */
const READS_MAX = 10;
const RECORDS_PER_READ_MAX = 256;

/** Once faults stop, every node is current within the time that the run gave it, and every revocation is enforced. */
const live: Guarantee = (history) => {
  const settled = history.findLast((entry) => entry.kind === 'settled');
  return [
    ...afterwards(history)
      .filter(({ state }) => state !== 'current')
      .map(({ node, state }) => `${node} is ${state} after all faults ended`),
    ...(settled?.unproven ?? []).map((id) => `nobody says of ${id} that it is enforced`),
  ];
};

/** After any cut the log is enough to know everything that binds, and after any loss everything that was confirmed. */
const resumable: Guarantee = (history) => {
  const nodes = afterwards(history);
  const settled = history.findLast((entry) => entry.kind === 'settled');
  let atTheEnd: readonly Placement[] = [];
  judgeEach(history, (_, { standing }) => {
    atTheEnd = standing;
    return undefined;
  });
  const unlearned = nodes
    .filter(({ covers }) => covers)
    .flatMap(({ node, found }) =>
      atTheEnd.filter(({ id }) => !found.has(id)).map(({ id }) => `${node} never learned of ${id}`),
    );
  return [...unlearned, ...(settled?.missing ?? []).map((id) => `the log lacks ${id}, which was confirmed`)];
};

/**
 * Nodes at one watermark of one log answer alike. Compared when nothing is above it: what is ahead may differ; and
 * without what somebody knows of a log that is gone, which the ones that came later cannot know.
 */
const convergent: Guarantee = (history) => {
  const [first, ...others] = afterwards(history).filter(({ covers }) => covers);
  if (first === undefined) return [];
  const standing = new Set(history.flatMap((entry) => (entry.kind === 'published' ? [entry.id] : [])));
  const answersOf = ({ found }: Observation): string =>
    [...found]
      .filter((id) => standing.has(id))
      .sort()
      .join();
  return others
    .filter(({ log, watermark }) => log === first.log && watermark === first.watermark)
    .filter((other) => answersOf(other) !== answersOf(first))
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
  enforced,
  onlyOurs,
} as const satisfies Readonly<Record<string, Guarantee>>;
export type GuaranteeName = keyof typeof GUARANTEES;

/** Every broken guarantee with the first sentences about it; empty when all were kept. */
export const brokenGuarantees = (history: History): Partial<Record<GuaranteeName, readonly string[]>> =>
  Object.fromEntries(
    Object.entries(GUARANTEES)
      .map(([name, guarantee]) => [name, guarantee(history).slice(0, 3)] as const)
      .filter(([, problems]) => problems.length > 0),
  );
