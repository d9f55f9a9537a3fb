import { BOUND_MARGIN_MS, type FleetMember, type RosterReading } from './fleet-roster.js';
import { type Heartbeat } from './heartbeat.js';
import { type Instant } from './clock.js';
import { isWordStale } from './local-word.js';
import { type Scope } from './scope.js';
import { type EpochMs, epochMs, type MonotonicMs, type Sequence } from './units.js';

/** Which record is asked about. */
export interface PropagationQuery {
  readonly epoch: string;
  readonly sequence: Sequence;
  /** When its publish was acknowledged, by the wall clock of whichever process heard it: told, never reckoned with. */
  readonly pubAckAt: EpochMs;
  /** The same by this process's monotonic clock, if it is this process that published. Default: when it was first asked about. */
  readonly pubAckMonotonic?: MonotonicMs;
  readonly issuer: string;
  readonly scope: Scope;
  /** Digest of the issuer's declared settings; nodes with another one do not count. */
  readonly settingsDigest: string;
}

/**
 * `enforced`: every request that begins from now on is refused by every node. `enforcedExcept`: by every counted node, and
 * there are nodes that do not count, or fewer than expected. `propagating`: not yet. `noNodes`: no node that counts is known.
 */
export type PropagationState = 'enforced' | 'enforcedExcept' | 'propagating' | 'noNodes';

interface NamedNode {
  readonly node: string;
  readonly instance: string;
  readonly service: string;
}

/** A counted node that has not acknowledged, or that has a local file and was not heard lately. */
export interface OpenNode extends NamedNode {
  readonly lastHeardAt: EpochMs;
  /**
   * Until then it may let the revoked pass; from then on it refuses, whether or not it is heard again. A node with a local
   * file that is not heard by then is not counted.
   */
  readonly openUntil: EpochMs;
  readonly presumedGone: boolean;
}

/** A counted node that acknowledged. */
export interface AppliedNode extends NamedNode {
  /** When its acknowledgement had arrived, at the latest. */
  readonly appliedAt: EpochMs;
  /** From the PubAck to the acknowledgement. Undefined where that was not seen: the node came with it. Milliseconds. */
  readonly afterMs?: number;
}

/**
 * Why a node does not count: its guard is not used, its mode lets the revoked pass, the issuer or scope is unknown to
 * it, or its settings for the issuer are not the declared ones. `localFile`: it has a local file that may have opened it, and was
 * not heard lately.
 */
export type NotCountedReason = 'notGuarded' | 'bestEffort' | 'observe' | 'issuer' | 'settings' | 'scope' | 'localFile';

export interface NotCountedNode extends NamedNode {
  readonly why: NotCountedReason;
}

export interface ServicePropagation {
  readonly service: string;
  /** Counted nodes, and those of them that acknowledged. */
  readonly nodes: number;
  readonly applied: number;
  /** Least number of nodes, if one is configured. */
  readonly expected?: number;
  /** By how many the nodes that are known, heard or silent, fall short of it. */
  readonly missing: number;
}

export interface Propagation {
  readonly state: PropagationState;
  /** Counted nodes: neither gone nor in `notCounted`. */
  readonly nodes: number;
  /** Those of them that acknowledged. */
  readonly applied: number;
  /** Counted nodes that acknowledged, the slowest first; of more than 256 the slowest. */
  readonly appliedNodes: readonly AppliedNode[];
  /** Counted, not acknowledged, and not heard for 3 s. */
  readonly silent: readonly OpenNode[];
  /** Counted, not acknowledged, and heard lately. */
  readonly lagging: readonly OpenNode[];
  readonly notCounted: readonly NotCountedNode[];
  /** By name; an expected service without nodes is listed too. */
  readonly services: readonly ServicePropagation[];
  /** From the PubAck to the last acknowledgement that was seen to arrive. Undefined when none was. Milliseconds. */
  readonly slowestMs?: number;
  /** While `propagating`: when it is enforced at the latest. */
  readonly enforcedBy?: EpochMs;
  /** Since when it is enforced, at the latest. */
  readonly enforcedAt?: EpochMs;
  /** Whether all nodes there can be are known; until then only time proves anything. */
  readonly rosterComplete: boolean;
}

/** What the fleet's heartbeats prove about a record; `FleetView` has the reasons. */
export const propagationOf = (
  roster: RosterReading,
  query: PropagationQuery,
  storedSince: MonotonicMs,
): Propagation => {
  const present = roster.members.filter(({ absence }) => absence !== 'gone');
  const openMs = storedSince + roster.boundMs + BOUND_MARGIN_MS - roster.now.monotonic;
  const openUntil = epochMs(roster.now.wall + openMs);
  const why = (member: FleetMember): NotCountedReason | undefined =>
    whyNotCounted(member, query, roster.now, openMs <= 0);
  const counted = present.filter((member) => why(member) === undefined);
  const acknowledged = acknowledging(roster, query, counted);
  const open = counted.filter((member) => !acknowledged.has(member) || isWordStale(member, roster.now));
  const services = servicesOf(present, counted, open, roster.expected);
  const findings: Findings = {
    counted: counted.length,
    open: open.length,
    isExcepted: counted.length < present.length || services.some(({ missing }) => missing > 0),
    isClosedByTime: openMs <= 0,
    rosterComplete: roster.completeInMs === 0,
  };
  const state = stateOf(findings);
  const acks = acksOf(acknowledged, query);
  const acked = ackTimes(acks);
  return {
    state,
    nodes: counted.length,
    applied: counted.length - open.length,
    appliedNodes: acks.slice(0, APPLIED_NODES_MAX),
    silent: open.filter(({ absence }) => absence !== undefined).map((member) => openNode(member, openUntil)),
    lagging: open.filter(({ absence }) => absence === undefined).map((member) => openNode(member, openUntil)),
    notCounted: present.flatMap((member) => notCountedNode(member, why(member))),
    services,
    ...(acked.slowestMs !== undefined && { slowestMs: acked.slowestMs }),
    ...timesOf(state, findings, acked.last, openUntil, roster),
    rosterComplete: findings.rosterComplete,
  };
};

/**
 * The highest sequence that every counted node acknowledged; 0 without nodes. What is above it is not proven by
 * acknowledgements, whichever record of this epoch, issuer and scope it is.
 */
export const acknowledgedByAll = (
  roster: RosterReading,
  query: Omit<PropagationQuery, 'sequence' | 'pubAckAt'>,
): number => {
  let lowest = Number.POSITIVE_INFINITY;
  for (const member of roster.members) {
    const { heartbeat, absence, contradicts } = member;
    if (absence === 'gone' || whyNeverCounted(heartbeat, query) !== undefined) continue;
    const isTold =
      !isWordStale(member, roster.now) &&
      !contradicts &&
      heartbeat.identity !== undefined &&
      heartbeat.epoch === query.epoch;
    lowest = Math.min(lowest, isTold ? heartbeat.watermark : 0);
  }
  return Number.isFinite(lowest) ? lowest : 0;
};

interface Findings {
  readonly counted: number;
  readonly open: number;
  readonly isExcepted: boolean;
  /** PubAck + the largest bound + 1 s is over: every proof of every node includes the record or has run out. */
  readonly isClosedByTime: boolean;
  readonly rosterComplete: boolean;
}

const stateOf = ({ counted, open, isExcepted, isClosedByTime, rosterComplete }: Findings): PropagationState => {
  if (counted === 0) return 'noNodes';
  if (!isClosedByTime && (open > 0 || !rosterComplete)) return 'propagating';
  return isExcepted ? 'enforcedExcept' : 'enforced';
};

/**
 * Time closes a node only because it answers `unknown` once its proof has run out. One that a local file may have opened
 * meanwhile does not have to.
 */
const whyNotCounted = (
  member: FleetMember,
  query: PropagationQuery,
  now: Instant,
  isClosedByTime: boolean,
): NotCountedReason | undefined =>
  whyNeverCounted(member.heartbeat, query) ?? (isClosedByTime && isWordStale(member, now) ? 'localFile' : undefined);

const whyNeverCounted = (
  heartbeat: Heartbeat,
  query: Pick<PropagationQuery, 'issuer' | 'scope' | 'settingsDigest'>,
): NotCountedReason | undefined => {
  if (!heartbeat.guarded) return 'notGuarded';
  if (heartbeat.mode !== 'strict') return heartbeat.mode;
  const coverage = heartbeat.issuers.find(({ issuer }) => issuer === query.issuer);
  if (coverage === undefined) return 'issuer';
  if (coverage.settingsDigest !== query.settingsDigest) return 'settings';
  return coverage.scopes.includes(query.scope) ? undefined : 'scope';
};

const isPast = (query: PropagationQuery, { epoch, watermark }: Pick<Heartbeat, 'epoch' | 'watermark'>): boolean =>
  epoch === query.epoch && watermark >= query.sequence;

/** By its last heartbeat alone: a node that went back, or over to another log, acknowledges no more. */
const acknowledges = ({ heartbeat, contradicts }: FleetMember, query: PropagationQuery): boolean =>
  !contradicts && heartbeat.identity !== undefined && isPast(query, heartbeat);

/** Nobody, where what the nodes read at this sequence may have been another record. */
const acknowledging = (
  { disownedUpTo }: RosterReading,
  query: PropagationQuery,
  counted: readonly FleetMember[],
): ReadonlySet<FleetMember> => {
  if (query.sequence <= disownedUpTo(query.epoch)) return new Set();
  return new Set(counted.filter((member) => acknowledges(member, query)));
};

interface AckTimes {
  /** When the last acknowledgement had arrived, at the latest. */
  readonly last: EpochMs | undefined;
  readonly slowestMs: number | undefined;
}

/** Stored with each record, so a fleet of any size is told in some kilobytes; who was fast is of no interest. */
const APPLIED_NODES_MAX = 256;

/** Slowest first. Of a node that came with its acknowledgement nobody knows when it applied the record: it comes last. */
const acksOf = (acknowledged: ReadonlySet<FleetMember>, query: PropagationQuery): readonly AppliedNode[] =>
  [...acknowledged]
    .flatMap((member) => {
      const ack = member.acks.find((one) => isPast(query, one));
      if (ack === undefined) return [];
      const afterMs = ack.atLatest ? undefined : Math.max(0, ack.at - query.pubAckAt);
      return [{ ...named(member), appliedAt: ack.at, ...(afterMs !== undefined && { afterMs }) }];
    })
    .sort((a, b) => (b.afterMs ?? -1) - (a.afterMs ?? -1));

const ackTimes = (acks: readonly AppliedNode[]): AckTimes => {
  let last: EpochMs | undefined;
  for (const { appliedAt } of acks) if (last === undefined || appliedAt > last) last = appliedAt;
  return { last, slowestMs: acks[0]?.afterMs };
};

const timesOf = (
  state: PropagationState,
  findings: Findings,
  lastAck: EpochMs | undefined,
  openUntil: EpochMs,
  { now, completeInMs }: RosterReading,
): Pick<Propagation, 'enforcedBy' | 'enforcedAt'> => {
  if (state === 'noNodes') return {};
  if (state === 'propagating') {
    // All known nodes have applied it: what is left is the time in which an unknown one would have been heard.
    const roster = findings.open === 0 ? now.wall + completeInMs : Infinity;
    return { enforcedBy: epochMs(Math.min(openUntil, roster)) };
  }
  const provenByAcks = findings.open === 0 && findings.rosterComplete && lastAck !== undefined;
  return { enforcedAt: provenByAcks ? epochMs(Math.min(lastAck, openUntil)) : openUntil };
};

const named = ({ heartbeat: { node, instance, service } }: FleetMember): NamedNode => ({ node, instance, service });

const openNode = (member: FleetMember, openUntil: EpochMs): OpenNode => ({
  ...named(member),
  lastHeardAt: member.lastHeard.wall,
  openUntil,
  presumedGone: member.absence === 'presumedGone',
});

const notCountedNode = (member: FleetMember, why: NotCountedReason | undefined): NotCountedNode[] =>
  why === undefined ? [] : [{ ...named(member), why }];

const servicesOf = (
  present: readonly FleetMember[],
  counted: readonly FleetMember[],
  open: readonly FleetMember[],
  expected: Readonly<Record<string, number>>,
): ServicePropagation[] => {
  const of = (members: readonly FleetMember[], name: string): number =>
    members.filter(({ heartbeat: { service } }) => service === name).length;
  const names = new Set([...Object.keys(expected), ...present.map(({ heartbeat: { service } }) => service)]);
  return [...names].sort().map((service) => {
    const least = Object.hasOwn(expected, service) ? expected[service] : undefined;
    const nodes = of(counted, service);
    return {
      ...{ service, nodes, applied: nodes - of(open, service) },
      ...(least !== undefined && { expected: least }),
      // A silent node is not missing: it is known, named, and judged by the time in which its proof runs out.
      missing: Math.max(0, (least ?? 0) - of(present, service)),
    };
  });
};
