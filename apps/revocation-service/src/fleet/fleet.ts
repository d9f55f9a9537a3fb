import {
  type Clock,
  createFleetView,
  type EpochMs,
  type FleetView,
  type MonotonicMs,
  type NodeView,
  type Heartbeat,
  type IssuerCoverage,
  type LocalFileReport,
  type Propagation,
  type PropagationQuery,
  type Schedule,
  type Scope,
  type Sequence,
  settingsDigest,
} from '@revocast/core';
import { type IssuerRegistry } from '../command/issuer-registry.js';
import { rfc3339 } from '../command/times.js';
import { type Carrier } from '../journal/entries.js';

/** Heartbeats of a storm are looked at together. Milliseconds. */
const LOOK_MS_MIN = 5;
/** Looks take at most this part of the time, however large the fleet is: the next one waits for so long as the last one took. */
const LOOK_SHARE = 1 / 10;
/** A node that falls silent sends nothing: what changes by time alone is looked at this often. Milliseconds. */
const LOOK_MS_MAX = 500;
/** Older heartbeats tell nothing about what tokens carry now. Milliseconds. */
const COVERAGE_MS_MAX = 60_000;

export interface FleetOptions {
  readonly fleetBoundMs: number;
  /** A larger one that was allowed before the service was started anew. */
  readonly formerBoundMs?: number;
  readonly onFormerBoundOver?: () => void;
  readonly expected: Readonly<Record<string, number>>;
  readonly expectedIsExact: boolean;
  /** Identity of the record at a sequence, as far as the journal knows it. */
  readonly identityAt: (epoch: string, sequence: Sequence) => string | undefined;
  /** Whether the journal knows that the log of this epoch lost records. */
  readonly hasLostRecords: (epoch: string) => boolean;
  readonly issuers: IssuerRegistry;
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** What nodes are measured by: the open epoch and its head. */
  readonly reference: () => { readonly epoch?: string; readonly head?: Sequence };
}

/** Confirmations whose monotonic time is remembered: more than are ever waited for. */
const CONFIRMED_MAX = 4_096;

const nameOf = (epoch: string, sequence: Sequence): string => `${epoch} ${sequence}`;

/** Which record, of which issuer and scope: what enforcement is asked about. */
export interface Published {
  readonly issuer: string;
  readonly scope: Scope;
  readonly carrier: Pick<Carrier, 'epoch' | 'sequence' | 'ackedAt' | 'proof'>;
}

/** A node's clock and ours, when it spoke. */
export interface NodeClock {
  readonly name: string;
  readonly at: EpochMs;
  readonly heardAt: EpochMs;
}

/** The nodes as they speak of themselves, and what follows for a published record. */
export class Fleet {
  readonly #view: FleetView;
  readonly #coverage = new Map<
    string,
    { readonly at: number; readonly issuers: readonly IssuerCoverage[]; readonly clock: NodeClock }
  >();
  readonly #confirmedAt = new Map<string, MonotonicMs>();
  readonly #listeners = new Set<() => void>();
  #disarmSoon: (() => void) | undefined;
  #pauseMs = LOOK_MS_MIN;
  #closed = false;
  #disarm: () => void = () => undefined;

  constructor(private readonly options: FleetOptions) {
    this.#view = createFleetView(options);
  }

  start(): void {
    this.#disarm = this.options.schedule(LOOK_MS_MAX, () => {
      this.#look();
      this.start();
    });
  }

  /** The journal is closed next: heartbeats that still come must make nobody look into it. */
  close(): void {
    this.#closed = true;
    this.#disarm();
    this.#disarmSoon?.();
  }

  heard(heartbeat: Heartbeat): void {
    if (this.#closed) return;
    this.#view.heard(heartbeat);
    this.#coverage.set(`${heartbeat.node}\n${heartbeat.instance}`, {
      at: this.options.clock.monotonic(),
      issuers: heartbeat.issuers,
      clock: {
        name: `${heartbeat.service}/${heartbeat.node}`,
        at: heartbeat.at,
        // Said at its own time and heard at ours; how long it was under way nobody knows, so a late one looks a little behind.
        heardAt: this.options.clock.wall(),
      },
    });
    this.#disarmSoon ??= this.options.schedule(this.#pauseMs, () => this.#look());
  }

  /** Heartbeats reach us, or no longer: until we have listened long enough nobody knows whether we know all nodes. */
  hears(connected: boolean): void {
    if (connected) this.#view.listening();
    else this.#view.deaf();
  }

  /** The very first epoch is about to be opened. */
  noneCurrentYet(): void {
    this.#view.noneCurrentYet();
  }

  /** A record was confirmed just now: from here on a stepped wall clock proves nothing about it. */
  confirmed({ epoch, sequence }: { readonly epoch: string; readonly sequence: Sequence }): void {
    this.#confirmedAt.set(nameOf(epoch, sequence), this.options.clock.monotonic());
    for (const oldest of this.#confirmedAt.keys()) {
      if (this.#confirmedAt.size <= CONFIRMED_MAX) return;
      this.#confirmedAt.delete(oldest);
    }
  }

  /** Records of ours stand where nodes had read others before. */
  disown(epoch: string, upTo: Sequence): void {
    this.#view.disown(epoch, upTo);
  }

  nodes(): readonly NodeView[] {
    const declared = this.options.issuers.all().map(({ settings }) => settings);
    return this.#view.nodes({ ...this.options.reference(), declared });
  }

  /** How many nodes each expected service lacks: only those count that enforce or, a little behind, are about to. */
  missing(): Readonly<Record<string, number>> {
    const nodes = this.nodes().filter(({ state }) => state === 'current' || state === 'lagging');
    const lacking = Object.entries(this.options.expected).map(([name, least]) => {
      const present = nodes.filter(({ service }) => service === name).length;
      return [name, Math.max(0, least - present)] as const;
    });
    return Object.fromEntries(lacking);
  }

  /** The fleet as an operator sees it. */
  overview(): Record<string, unknown> {
    const { fleetBoundMs, expected, reference } = this.options;
    return { fleetBoundMs, expected, ...reference(), nodes: this.nodes().map(nodeAnswer) };
  }

  forget(node: string, instance: string): boolean {
    return this.#view.forget(node, instance);
  }

  /** What nodes report about the tokens of all issuers. */
  coverage(): readonly IssuerCoverage[] {
    this.#dropOld();
    return [...this.#coverage.values()].flatMap(({ issuers }) => issuers);
  }

  #dropOld(): void {
    const oldest = this.options.clock.monotonic() - COVERAGE_MS_MAX;
    for (const [name, { at }] of this.#coverage) if (at < oldest) this.#coverage.delete(name);
  }

  /** The clock of each node, as its last heartbeat of the last minute told it. */
  clocks(): readonly NodeClock[] {
    this.#dropOld();
    return [...this.#coverage.values()].map(({ clock }) => clock);
  }

  /** How far a published record got: the stored proof once there was one. Undefined while it is not confirmed. */
  propagation(published: Published): Propagation | undefined {
    const { proof } = published.carrier;
    if (proof !== undefined) return JSON.parse(proof) as Propagation;
    const query = this.#queryOf(published);
    return query && this.#view.propagation(query);
  }

  /** Of records without a stored proof: the proof where there is one now. */
  proven(published: readonly Published[]): readonly (Propagation | undefined)[] {
    const queries = published.map((one) => this.#queryOf(one));
    const answers = this.#view.proven(queries.filter((query) => query !== undefined));
    let next = 0;
    return queries.map((query) => (query === undefined ? undefined : answers[next++]));
  }

  #queryOf({ issuer, scope, carrier }: Published): PropagationQuery | undefined {
    if (carrier.sequence === undefined || carrier.ackedAt === undefined) return undefined;
    const declaredAs = this.options.issuers.find(issuer)?.declaredAs;
    const pubAckMonotonic = this.#confirmedAt.get(nameOf(carrier.epoch, carrier.sequence));
    return {
      sequence: carrier.sequence,
      epoch: carrier.epoch,
      pubAckAt: carrier.ackedAt,
      ...(pubAckMonotonic !== undefined && { pubAckMonotonic }),
      issuer: declaredAs?.issuer ?? issuer,
      scope,
      settingsDigest: declaredAs === undefined ? '' : settingsDigest(declaredAs),
    };
  }

  /** Waits until nothing more is to be waited for, at most `waitMs`; gives what is known then. */
  async settled(published: readonly Published[], waitMs: number): Promise<void> {
    const isSettled = (): boolean => published.every((one) => isFinal(this.propagation(one)));
    if (waitMs === 0 || isSettled()) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        stop();
        resolve();
      };
      const cancel = this.options.schedule(waitMs, done);
      const stop = this.onChange(() => {
        if (isSettled()) done();
      });
    });
  }

  /** Called when heartbeats came or time passed. The returned function takes the listener back. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #look(): void {
    this.#disarmSoon?.();
    this.#disarmSoon = undefined;
    const beganAt = this.options.clock.monotonic();
    for (const listener of [...this.#listeners]) listener();
    const tookMs = this.options.clock.monotonic() - beganAt;
    this.#pauseMs = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, tookMs / LOOK_SHARE));
  }
}

/** Nothing more to wait for. That there are no nodes is only known once all there can be are known. */
const isFinal = (propagation: Propagation | undefined): boolean =>
  propagation === undefined ||
  (propagation.state === 'noNodes' ? propagation.rosterComplete : propagation.state !== 'propagating');

/** A node as answers and events show it. */
export const nodeAnswer = ({
  firstHeardAt,
  lastHeardAt,
  silentMs,
  localFile,
  newestTick: _newestTick,
  ...said
}: NodeView): Record<string, unknown> => ({
  ...said,
  lag: said.lag ?? null,
  silentMs: Math.round(silentMs),
  ...(localFile && { localFile: localFileAnswer(localFile) }),
  firstHeardAt: rfc3339(firstHeardAt),
  lastHeardAt: rfc3339(lastHeardAt),
});

/** Who overrides what, for whom the fleet's view is the only place to see it. */
const localFileAnswer = ({ entries, broken, modeOverride, until }: LocalFileReport): Record<string, unknown> => ({
  entries,
  modeOverride: modeOverride ?? null,
  until: until === undefined ? null : rfc3339(until),
  broken,
});
