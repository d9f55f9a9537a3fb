import { type Instant } from './clock.js';
import { type Heartbeat } from './heartbeat.js';
import { type EpochMs, type MonotonicMs, type Sequence } from './units.js';

/** Three heartbeats: one may be lost and one late. Milliseconds. */
export const SILENT_AFTER_MS = 3_000;
/** Added to a bound: covers reading two clocks that are a little apart. Milliseconds. */
export const BOUND_MARGIN_MS = 1_000;
/** A node that said goodbye is shown for this long. Milliseconds. */
const GONE_SHOWN_MS = 3_600_000;
/** A silent node is dropped after a day, so that crashed nodes with random names do not pile up. Milliseconds. */
const SILENT_KEPT_MS = 86_400_000;
/** Instances known at once; heartbeats are not signed, so somebody may invent them. */
const INSTANCES_MAX = 10_000;
/** Acknowledgements remembered per instance, to tell when it acknowledged a record: about the last minute of a busy log. */
const ACKS_MAX = 256;

/** What is known of the fleet beforehand. */
export interface RosterOptions {
  /** The largest staleness bound that any node may have. Milliseconds. */
  readonly fleetBoundMs: number;
  /**
   * A larger one that was allowed before this process began: nodes that are cut off may still have it. It counts until we have
   * listened for that long without a break, since whoever was not heard meanwhile has no proof left. Default: none.
   */
  readonly formerBoundMs?: number;
  /** Called once, when the former bound counts no more. */
  readonly onFormerBoundOver?: () => void;
  /** Service -> least number of nodes: makes it visible when nodes are missing. */
  readonly expected: Readonly<Record<string, number>>;
  /**
   * The operator's word that `expected` is the whole fleet, not a least number, as a launcher can give that starts all
   * nodes itself. Then the roster is complete as soon as they are heard. Default false: a least number proves no upper one.
   */
  readonly expectedIsExact?: boolean;
  /**
   * Identity of the record at a sequence, where the service knows it. A node that names another one follows
   * another log, and its acknowledgements do not count. Default: not compared.
   */
  readonly identityAt?: (epoch: string, sequence: Sequence) => string | undefined;
  /**
   * Whether the log of this epoch is known to have lost records. It gives their sequences out again, so neither a watermark
   * nor a time says what of it is where: nothing is proven in it, until all is published again in another. Default: never.
   */
  readonly hasLostRecords?: (epoch: string) => boolean;
}

/** From `at` on the node acknowledged all of its epoch up to `watermark`. */
interface Ack {
  readonly epoch: string;
  readonly watermark: Sequence;
  readonly at: EpochMs;
  /** The node came with it, or older ones were dropped: `at` is the latest time it can have been. */
  readonly atLatest: boolean;
}

/** One instance of a node. */
export interface FleetMember {
  readonly heartbeat: Heartbeat;
  readonly firstHeard: Instant;
  readonly lastHeard: Instant;
  /** In the order of arrival. */
  readonly acks: readonly Ack[];
  /** The last heartbeat named a record that the service knows to be another, or follows a log that lost records. */
  readonly contradicts: boolean;
  /** Why it is not there, or undefined while it is heard. */
  readonly absence: 'silent' | 'presumedGone' | 'gone' | undefined;
}

/** Everything a proof depends on, read at one time. */
export interface RosterReading {
  readonly now: Instant;
  readonly members: readonly FleetMember[];
  /** The largest bound in force. Milliseconds. */
  readonly boundMs: number;
  /** In how many milliseconds the roster is complete: 0 = it is, Infinity = not before we hear again. */
  readonly completeInMs: number;
  readonly expected: Readonly<Record<string, number>>;
  /** Up to where in this epoch an acknowledgement may be of another record. */
  readonly disownedUpTo: (epoch: string) => number;
}

type StoredMember = Omit<FleetMember, 'absence'>;

/** Who is there, and whether that is everybody; see `FleetView` for when it is. */
export class FleetRoster {
  readonly #members = new Map<string, StoredMember>();
  /** `untold`: nobody said yet whether we listen; the first heartbeat then shows it. */
  #listeningSince: MonotonicMs | 'untold' | 'deaf' = 'untold';
  #fromTheStart = false;
  #formerBoundMs: number;
  #disowned: { readonly epoch: string; readonly upTo: number } | undefined;

  constructor(private readonly options: RosterOptions) {
    this.#formerBoundMs = options.formerBoundMs ?? 0;
  }

  listening(now: Instant): void {
    if (typeof this.#listeningSince === 'string') this.#listeningSince = now.monotonic;
  }

  deaf(): void {
    this.#listeningSince = 'deaf';
    this.#fromTheStart = false;
  }

  noneCurrentYet(): void {
    this.#fromTheStart = typeof this.#listeningSince === 'number';
  }

  heard(heartbeat: Heartbeat, now: Instant): void {
    // Not after `deaf`: what arrives then was under way before the connection broke.
    if (this.#listeningSince === 'untold') this.listening(now);
    const name = nameOf(heartbeat.node, heartbeat.instance);
    const known = this.#members.get(name);
    if (known === undefined && !this.#hasRoom(now)) {
      this.#startOver(now);
      return;
    }
    const contradicts = this.#contradicts(heartbeat);
    const acks = contradicts ? (known?.acks ?? []) : withAck(known?.acks, heartbeat, now);
    this.#members.set(name, { heartbeat, firstHeard: known?.firstHeard ?? now, lastHeard: now, acks, contradicts });
  }

  disown(epoch: string, upTo: Sequence): void {
    this.#disowned = { epoch, upTo: Math.max(upTo, this.#disownedUpTo(epoch)) };
  }

  #disownedUpTo(epoch: string): number {
    return this.#disowned?.epoch === epoch ? this.#disowned.upTo : 0;
  }

  forget(node: string, instance: string): boolean {
    return this.#members.delete(nameOf(node, instance));
  }

  read(now: Instant): RosterReading {
    this.#dropFormerBound(now);
    const boundMs = this.#boundMs();
    const members: FleetMember[] = [];
    const isDisowned = this.#disowner();
    for (const [name, stored] of this.#members) {
      const absence = absenceOf(stored, boundMs, now);
      if (isForgotten(stored, absence, now)) this.#members.delete(name);
      else members.push(memberOf(stored, absence, isDisowned(stored)));
    }
    const { expected } = this.options;
    const completeInMs = this.#completeInMs(members, boundMs, now);
    const disownedUpTo = (epoch: string): number => this.#disownedUpTo(epoch);
    return { now, members, boundMs, completeInMs, expected, disownedUpTo };
  }

  #completeInMs(members: readonly FleetMember[], boundMs: number, now: Instant): number {
    if (typeof this.#listeningSince === 'string') return Infinity;
    if (this.#fromTheStart || (this.options.expectedIsExact === true && this.#hearsAllExpected(members))) return 0;
    return Math.max(0, this.#listeningSince + boundMs + BOUND_MARGIN_MS - now.monotonic);
  }

  #hearsAllExpected(members: readonly FleetMember[]): boolean {
    return Object.entries(this.options.expected).every(([service, least]) => heardOf(members, service) >= least);
  }

  /** A node with a larger bound than allowed should not have started; while it is there, its bound is in force. */
  #boundMs(): number {
    let largest = Math.max(this.options.fleetBoundMs, this.#formerBoundMs);
    for (const { heartbeat } of this.#members.values()) {
      if (heartbeat.goodbye !== true && heartbeat.stalenessMsMax > largest) largest = heartbeat.stalenessMsMax;
    }
    return largest;
  }

  #dropFormerBound(now: Instant): void {
    if (this.#formerBoundMs === 0 || typeof this.#listeningSince === 'string') return;
    if (now.monotonic - this.#listeningSince < this.#formerBoundMs + BOUND_MARGIN_MS) return;
    this.#formerBoundMs = 0;
    this.options.onFormerBoundOver?.();
  }

  #contradicts({ epoch, watermark, identity }: Heartbeat): boolean {
    const known = epoch === undefined ? undefined : this.options.identityAt?.(epoch, watermark);
    return known !== undefined && known !== identity;
  }

  /**
   * Whether what the member says of the log counts for nothing, asked anew each time: which record stands where it says, and
   * that records were lost, may become known after the heartbeat. Most members stand at one place, so that is looked up once.
   */
  #disowner(): (member: StoredMember) => boolean {
    const known = new Map<string, string | undefined>();
    const lost = new Map<string, boolean>();
    return ({ heartbeat, contradicts }) => {
      const { epoch, watermark, identity } = heartbeat;
      if (contradicts || epoch === undefined) return contradicts;
      if (!lost.has(epoch)) lost.set(epoch, this.options.hasLostRecords?.(epoch) === true);
      const place = `${watermark} ${epoch}`;
      if (!known.has(place)) known.set(place, this.options.identityAt?.(epoch, watermark));
      return lost.get(epoch) === true || (known.get(place) ?? identity) !== identity;
    };
  }

  #hasRoom(now: Instant): boolean {
    if (this.#members.size < INSTANCES_MAX) return true;
    for (const [name, { heartbeat }] of this.#members) if (heartbeat.goodbye === true) this.#members.delete(name);
    this.read(now);
    return this.#members.size < INSTANCES_MAX;
  }

  /** A node was heard and could not be noted: the roster is incomplete for as long as that goes on. */
  #startOver(now: Instant): void {
    if (typeof this.#listeningSince === 'number') this.#listeningSince = now.monotonic;
    this.#fromTheStart = false;
  }
}

/** Named field by field: of 10,000 members this is what reading the roster costs. */
const memberOf = (stored: StoredMember, absence: FleetMember['absence'], contradicts: boolean): FleetMember => ({
  heartbeat: stored.heartbeat,
  firstHeard: stored.firstHeard,
  lastHeard: stored.lastHeard,
  acks: stored.acks,
  contradicts,
  absence,
});

/** How many instances of `service` are being heard, whether or not they count. */
const heardOf = (members: readonly FleetMember[], service: string): number =>
  members.filter(({ heartbeat, absence }) => heartbeat.service === service && absence === undefined).length;

const nameOf = (...parts: readonly string[]): string => JSON.stringify(parts);

const absenceOf = ({ heartbeat, lastHeard }: StoredMember, boundMs: number, now: Instant): FleetMember['absence'] => {
  if (heartbeat.goodbye === true) return 'gone';
  const silentMs = now.monotonic - lastHeard.monotonic;
  if (silentMs < SILENT_AFTER_MS) return undefined;
  if (silentMs < boundMs + BOUND_MARGIN_MS) return 'silent';
  // Also when its node id came back as another instance: that may be a second process beside it, and only its heartbeats are lost.
  return 'presumedGone';
};

const isForgotten = ({ lastHeard }: StoredMember, absence: FleetMember['absence'], now: Instant): boolean =>
  now.monotonic - lastHeard.monotonic >= (absence === 'gone' ? GONE_SHOWN_MS : SILENT_KEPT_MS) && absence !== undefined;

/** Only heartbeats with an epoch and an identity acknowledge: without them nobody can tell what was applied. */
const withAck = (
  acks: readonly Ack[] | undefined,
  { epoch, watermark, identity }: Heartbeat,
  now: Instant,
): readonly Ack[] => {
  if (epoch === undefined || identity === undefined) return acks ?? [];
  const last = acks?.at(-1);
  if (last?.epoch === epoch && last.watermark === watermark) return acks ?? [];
  const added = [...(acks ?? []), { epoch, watermark, at: now.wall, atLatest: acks === undefined }];
  if (added.length <= ACKS_MAX) return added;
  const [oldest, ...rest] = added.slice(-ACKS_MAX);
  return oldest === undefined ? rest : [{ ...oldest, atLatest: true }, ...rest];
};
