/** Records asked for at once. Large enough to amortise a round trip, small enough to hold four such answers in memory. */
export const READ_CHUNK_RECORDS = 256;
/** Reads in flight; their answers are the only records that wait, so this times the chunk bounds what waits. */
export const READS_IN_FLIGHT_MAX = 4;
/** Parts of a snapshot that are under way or wait for their turn: what a cold start holds in memory beside the index. */
export const SNAPSHOT_PARTS_IN_FLIGHT_MAX = 8;
/** A snapshot that covers fewer records saves less than it costs to ask for. */
export const SNAPSHOT_WORTH_RECORDS = 512;
/** Asks for a snapshot that may fail before the log is read instead. */
export const SNAPSHOT_REFUSALS_MAX = 8;
/**
 * How far above the watermark applied sequences are remembered. What is applied further ahead is read again,
 * which costs a read and nothing else, since applying is idempotent.
 */
export const AHEAD_MAX = 16_384;
/** Sequences whose identities are remembered, so that two records at one sequence can be told apart. */
export const IDENTITIES_MAX = 65_536;
/** Revocations applied before other work of the process gets its turn: some milliseconds. */
export const APPLY_SLICE_REVOCATIONS = 4_096;
/** Entries reclaimed at once: some hundred microseconds. */
export const RECLAIM_SLICE_ENTRIES = 1_024;
export const RECLAIM_EVERY_MS = 1_000;
/** While there is more to reclaim: a wave of a million expiries is gone in less than a minute. */
export const RECLAIM_AGAIN_MS = 50;
/** Unreadable records and voids remembered by id; more than these and the safe side is taken. */
export const UNREADABLE_MAX = 1_024;
export const VOIDS_MAX = 1_024;
/** The newest records that are compared with the log before each proof: what a log can lose is what it got last. */
export const VERIFY_RECORDS_MAX = 64;
/** Cuts without a proof in between; after more of them the log is read again. */
export const CUTS_REMEMBERED_MAX = 64;
/** Sequences in conflict that are compared one by one; with more of them the log is read again. */
export const CONFLICTS_MAX = 256;
/** Issuers whose declared settings are remembered; an issuer of ours that finds no room counts as weaker. */
export const DECLARED_ISSUERS_MAX = 4_096;

/** An ask that nobody answered for this long counts as refused. */
export const ASK_TIMEOUT_MS = 10_000;
export const RETRY_MS_MIN = 100;
export const RETRY_MS_MAX = 5_000;
/** Five asks within a bound: four may fail before staleness shows. */
export const ASKS_PER_BOUND = 5;
/** The identity at the watermark is compared with each proof, and so at least this often. */
export const ASK_EVERY_MS_MAX = 60_000;
export const ASK_EVERY_MS_MIN = 200;
/** Hints (a gap, a late tick, a suspicious record) make us ask for the head early, yet not more often than this. */
export const HINTED_ASK_EVERY_MS = 1_000;
/** A leader that heard from no majority for longer proves nothing; it may have been cut off. */
export const QUORUM_AGE_MS_MAX = 2_000;

/** A lost record is lost on many nodes at once; they do not all read it in the same millisecond. */
export const GAP_JITTER_MS = 100;
/** One tick may be lost and one late before the live feed counts as dead. */
export const TICKS_MISSED_MS = 3_000;
export const TICKS_MISSED_JITTER_MS = 1_000;
/**
 * How long a proof over a new connection waits for the service's say. The service comes back within 5 s of a broker that was
 * away, and looks at the log before it ticks; after this time it is taken to be down.
 */
export const FIRST_TICK_MS_MAX = 6_000;
/** Heads in a row below what the service had told, until nothing proven so far counts: a leader just elected may be behind once. */
export const SHORT_HEADS_MAX = 2;
/** How far wall and monotonic clock may differ since a proof; beyond it somebody stepped a clock or suspended us. */
export const CLOCK_JUMP_MS_MAX = 1_000;
/**
 * A live record older than this against the newest one we know is applied, but only the log can say at which sequence
 * it stands: the signature covers the record, not the sequence it came with, so old records could be sent again under new ones.
 */
export const LIVE_RECORD_AGE_MS_MAX = 600_000;
/** Longest pause between two looks at the clocks. */
export const WAKE_EVERY_MS_MAX = 1_000;
