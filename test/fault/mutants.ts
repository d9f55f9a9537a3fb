import { type Feed, type FeedRecord, type Head, type Sequence, type Tick } from '@revocast/core';

/** A node that breaks one rule. A harness that lets it pass proves nothing. */
export interface Mutant {
  readonly name: string;
  readonly says: string;
  /** The fault that must show it. */
  readonly shownBy: string;
  readonly alter: (feed: Feed) => Feed;
}

/** Everything as it was but for what is named. */
const altered = (feed: Feed, changes: Partial<Feed>): Feed => ({
  open: (listener) => feed.open(listener),
  subscribed: () => feed.subscribed(),
  locate: () => feed.locate(),
  head: (log) => feed.head(log),
  read: (log, from, to, options) => feed.read(log, from, to, options),
  report: (heartbeat) => feed.report(heartbeat),
  close: () => feed.close(),
  ...changes,
});

const datedByReceipt = (feed: Feed): Feed => {
  const known = new Map<Sequence, FeedRecord>();
  let told: Tick | undefined;
  let before: Head | undefined;
  return altered(feed, {
    open: (listener) =>
      feed.open({
        connected: () => listener.connected(),
        disconnected: () => listener.disconnected(),
        record: (record) => {
          known.set(record.sequence, record);
          listener.record(record);
        },
        tick: (tick) => {
          told = tick;
          listener.tick(tick);
        },
      }),
    head: async (log) => {
      if (before === undefined || told === undefined) return (before = await feed.head(log));
      return { ...before, last: told.head };
    },
    read: async (log, from, to, options) => {
      const records = Array.from({ length: to - from + 1 }, (_, n) => known.get((from + n) as Sequence));
      if (records.every((record) => record !== undefined)) return records;
      return feed.read(log, from, to, options);
    },
  });
};

const withoutQuorum = (feed: Feed): Feed =>
  altered(feed, { head: async (log) => ({ ...(await feed.head(log)), quorumAgeMs: 0 }) });

const skipping = (feed: Feed): Feed => {
  const skip = (record: FeedRecord): FeedRecord =>
    record.sequence % 5 === 0 && record.kind === 'record' && record.body.kind === 'revoked'
      ? { kind: 'foreign', why: 'unsigned', sequence: record.sequence, identity: record.identity }
      : record;
  return altered(feed, {
    open: (listener) =>
      feed.open({
        connected: () => listener.connected(),
        disconnected: () => listener.disconnected(),
        record: (record) => listener.record(skip(record)),
        tick: (tick) => listener.tick(tick),
      }),
    read: async (log, from, to, options) => (await feed.read(log, from, to, options)).map(skip),
  });
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'dated-by-receipt',
    says: 'takes each tick that arrives as a proof of being at the head now',
    shownBy: 'delayed-feed',
    alter: datedByReceipt,
  },
  {
    name: 'without-quorum',
    says: 'believes a leader that no longer hears from a majority',
    shownBy: 'leader-cut-off',
    alter: withoutQuorum,
  },
  {
    name: 'skipping',
    says: 'passes over every fifth record and moves its watermark all the same',
    shownBy: 'cut',
    alter: skipping,
  },
];

export const mutantOf = (name: string): Mutant => {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (found === undefined) throw new Error(`no mutant ${name}; there are ${MUTANTS.map((one) => one.name).join(', ')}`);
  return found;
};
