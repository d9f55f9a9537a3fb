import { type Clock, type Instant, readClock } from './clock.js';
import {
  BOUND_MARGIN_MS,
  type FleetMember,
  FleetRoster,
  type RosterOptions,
  type RosterReading,
} from './fleet-roster.js';
import { type FollowerState, type Heartbeat } from './heartbeat.js';
import { type IssuerSettings } from './issuer-settings.js';
import { acknowledgedByAll, type Propagation, type PropagationQuery, propagationOf } from './propagation.js';
import { settingsDigest } from './settings.js';
import { StoredSince } from './stored-since.js';
import { type EpochMs, type MonotonicMs, type Sequence } from './units.js';

/**
 * How the fleet sees a node, the first that applies:
 * `gone` said goodbye, after its guard began to answer unknown;
 * `presumedGone` not heard for the largest bound and a second; `silent` not heard for 3 s; `observing` mode `observe`;
 * `notCovering` no guard in use, or settings unlike the declared ones; `lagging` behind the head or not current; `current`.
 */
export const NODE_STATES = [
  'current',
  'lagging',
  'silent',
  'presumedGone',
  'gone',
  'notCovering',
  'observing',
] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** A node as it last spoke of itself, and as the fleet sees it. */
export interface NodeView extends Omit<Heartbeat, 'goodbye' | 'at' | 'state'> {
  readonly state: NodeState;
  /** What the node said its follower does; `state` is our view of it. */
  readonly followerState: FollowerState;
  /** Records behind `FleetReference.head`; undefined without that or in another epoch. */
  readonly lag: number | undefined;
  readonly firstHeardAt: EpochMs;
  readonly lastHeardAt: EpochMs;
  readonly silentMs: number;
}

/** What nodes are measured by. Each part may be missing: then it tells no nodes apart. */
export interface FleetReference {
  readonly epoch?: string;
  readonly head?: Sequence;
  /** The settings declared in the log. */
  readonly declared?: readonly IssuerSettings[];
}

export interface FleetViewOptions extends RosterOptions {
  readonly clock: Clock;
}

/**
 * The fleet as its heartbeats show it, and what follows for a record: where it is enforced, and since when.
 *
 * A record is **enforced** when every request that begins from now on is refused by every counted node. A node that
 * acknowledged has applied it. One that has not may answer `active` for as long as its last proof of freshness holds:
 * a proof dated after the PubAck includes the record, and one dated before it has run out at PubAck + the largest bound
 * in force + 1 s, by the monotonic clock of this process. When such a node was last heard plays no part: its heartbeats may be lost while its proofs are not.
 *
 * A node with a local file may be opened by it while nobody hears it. It counts as closed only by what it said within the
 * last seconds (`local-word.ts`); if it is not heard when time would close it, it is not counted.
 *
 * What is said of *every* node holds only if every node is known: the **roster** must be complete. It is
 * - after this instance has listened for the largest bound + 1 s: a node that was not heard meanwhile had no
 *   connection, so the last proof it may have has run out;
 * - at once when `noneCurrentYet` was called while listening: in a namespace that never had an epoch no node can have a proof;
 * - at once when `expectedIsExact` and every expected node is being heard.
 * Until then only PubAck + bound + 1 s counts. A node reports itself before it asks for its first proof, so one that
 * starts later is heard before it can be `current`.
 */
export interface FleetView {
  /** Takes what a node says. Begins to listen if nobody called `listening` or `deaf` yet: what arrives is evidently heard. */
  heard(heartbeat: Heartbeat): void;
  /** The subscription to heartbeats stands. Call on every connect; again while listening changes nothing. */
  listening(): void;
  /** The connection is lost: nodes may come unheard, so the roster is incomplete until we have listened long enough anew. */
  deaf(): void;
  /** Call right before the very first epoch of the namespace is opened: no node can be current before it. Ignored while deaf. */
  noneCurrentYet(): void;
  nodes(reference?: FleetReference): readonly NodeView[];
  /**
   * How far a record got. Once `enforced` or `enforcedExcept` the answer stays (for the last 1,024 records asked
   * about; store it to keep it longer): a node that joins later learns the record before it is current, so it reopens nothing.
   */
  propagation(query: PropagationQuery): Propagation;
  /** The answers of `propagation` where they are `enforced` or `enforcedExcept`; many at once cost little more than one. */
  proven(queries: readonly PropagationQuery[]): readonly (Propagation | undefined)[];
  /**
   * The log gave a sequence up to `upTo` to a record of ours although a node had told before that record was sent that it had
   * read so far: what it read there was lost. Of records up to there only time proves anything in this epoch.
   */
  disown(epoch: string, upTo: Sequence): void;
  /** An operator knows that this instance is dead; false when it is not known. It is back if it is heard again. */
  forget(node: string, instance: string): boolean;
}

export const createFleetView = (options: FleetViewOptions): FleetView => new HeartbeatFleet(options);

/** Answers that are kept because later nodes must not reopen them. */
const PROOFS_MAX = 1024;

class HeartbeatFleet implements FleetView {
  readonly #roster: FleetRoster;
  readonly #stored = new StoredSince();
  readonly #proofs = new Map<string, Propagation>();

  constructor(private readonly options: FleetViewOptions) {
    this.#roster = new FleetRoster(options);
  }

  heard(heartbeat: Heartbeat): void {
    this.#roster.heard(heartbeat, this.#now());
  }

  listening(): void {
    this.#roster.listening(this.#now());
  }

  deaf(): void {
    this.#roster.deaf();
  }

  noneCurrentYet(): void {
    this.#roster.noneCurrentYet();
  }

  disown(epoch: string, upTo: Sequence): void {
    this.#roster.disown(epoch, upTo);
  }

  forget(node: string, instance: string): boolean {
    return this.#roster.forget(node, instance);
  }

  nodes(reference: FleetReference = {}): readonly NodeView[] {
    const now = this.#now();
    const digests = new Map(reference.declared?.map((settings) => [settings.issuer, settingsDigest(settings)]));
    return this.#roster.read(now).members.map((member) => viewOf(member, reference, digests, now));
  }

  propagation(query: PropagationQuery): Propagation {
    const now = this.#now();
    return this.#propagation(this.#roster.read(now), query, now);
  }

  proven(queries: readonly PropagationQuery[]): readonly (Propagation | undefined)[] {
    const now = this.#now();
    const reading = this.#roster.read(now);
    const acknowledged = new Map<string, number>();
    const isWorthALook = (query: PropagationQuery): boolean => {
      const openUntil = this.#storedSince(query, now) + reading.boundMs + BOUND_MARGIN_MS;
      if (openUntil <= now.monotonic) return true;
      if (reading.completeInMs > 0) return false;
      const { epoch, issuer, scope, settingsDigest: digest } = query;
      const name = JSON.stringify([epoch, issuer, scope, digest]);
      const highest = acknowledged.get(name) ?? acknowledgedByAll(reading, query);
      acknowledged.set(name, highest);
      return query.sequence <= highest;
    };
    return queries.map((query) => {
      const answer = isWorthALook(query) ? this.#propagation(reading, query, now) : undefined;
      return answer !== undefined && isProof(answer) ? answer : undefined;
    });
  }

  #propagation(reading: RosterReading, query: PropagationQuery, now: Instant): Propagation {
    const name = JSON.stringify([query.epoch, query.sequence, query.issuer, query.scope]);
    // Nothing is proven in a log that lost records, and what was proven there may have been of another record.
    if (this.options.hasLostRecords?.(query.epoch) === true) return propagationOf(reading, query, now.monotonic);
    const proven = this.#proofs.get(name);
    if (proven !== undefined) return proven;
    const propagation = propagationOf(reading, query, this.#storedSince(query, now));
    if (isProof(propagation)) this.#keep(name, propagation);
    return propagation;
  }

  #storedSince({ epoch, sequence, pubAckMonotonic }: PropagationQuery, now: Instant): MonotonicMs {
    this.#stored.note(epoch, sequence, pubAckMonotonic ?? now.monotonic);
    return pubAckMonotonic ?? this.#stored.at(epoch, sequence) ?? now.monotonic;
  }

  #keep(name: string, propagation: Propagation): void {
    this.#proofs.set(name, propagation);
    for (const oldest of this.#proofs.keys()) {
      if (this.#proofs.size <= PROOFS_MAX) return;
      this.#proofs.delete(oldest);
    }
  }

  #now(): Instant {
    return readClock(this.options.clock);
  }
}

const isProof = ({ state }: Propagation): boolean => state === 'enforced' || state === 'enforcedExcept';

const viewOf = (
  { heartbeat, firstHeard, lastHeard, absence }: FleetMember,
  reference: FleetReference,
  digests: ReadonlyMap<string, string>,
  now: Instant,
): NodeView => {
  const { goodbye: _goodbye, at: _at, state: followerState, ...said } = heartbeat;
  return {
    ...said,
    state: absence ?? stateOf(heartbeat, reference, digests),
    followerState,
    lag: lagOf(heartbeat, reference),
    firstHeardAt: firstHeard.wall,
    lastHeardAt: lastHeard.wall,
    silentMs: now.monotonic - lastHeard.monotonic,
  };
};

const stateOf = (heartbeat: Heartbeat, reference: FleetReference, digests: ReadonlyMap<string, string>): NodeState => {
  if (heartbeat.mode === 'observe') return 'observing';
  if (!heartbeat.guarded || !covers(heartbeat, digests)) return 'notCovering';
  const isBehind = (lagOf(heartbeat, reference) ?? 0) > 0;
  const isElsewhere = reference.epoch !== undefined && heartbeat.epoch !== reference.epoch;
  return heartbeat.state !== 'current' || isBehind || isElsewhere ? 'lagging' : 'current';
};

/** An issuer that a node does not have is no fault: it refuses that issuer's tokens. Having it with other settings is one. */
const covers = ({ issuers }: Heartbeat, digests: ReadonlyMap<string, string>): boolean =>
  issuers.every(({ issuer, settingsDigest: own }) => (digests.get(issuer) ?? own) === own);

const lagOf = ({ epoch, watermark }: Heartbeat, reference: FleetReference): number | undefined =>
  reference.head === undefined || epoch !== reference.epoch ? undefined : Math.max(0, reference.head - watermark);
