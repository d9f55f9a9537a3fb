import {
  epochMs,
  type FleetView,
  type Heartbeat,
  type MonotonicMs,
  type Propagation,
  type PropagationQuery,
  sequence,
} from '@revocast/core';
import { AN_ISSUER, ManualTime } from '@revocast/testing';

export const EPOCH = 'epoch-1';
export const DIGEST = 'digest-1';
export const BOUND_MS = 10_000;

export const aHeartbeat = (parts: Partial<Heartbeat> = {}): Heartbeat => ({
  ...{ node: 'node-1', instance: 'i-1', service: 'payments', version: '1.0.0', epoch: EPOCH },
  ...{ watermark: sequence(0), identity: 'record-0', state: 'current', mode: 'strict', guarded: true },
  ...{ stalenessMsMax: BOUND_MS, stalenessMs: 5, liveEntries: 0, at: epochMs(0) },
  issuers: [{ issuer: AN_ISSUER, scopes: ['subject'], settingsDigest: DIGEST, tokens: 0, seen: {} }],
  ...parts,
});

export const aQuery = (parts: Partial<PropagationQuery> = {}): PropagationQuery => ({
  ...{ epoch: EPOCH, sequence: sequence(1), pubAckAt: epochMs(0), issuer: AN_ISSUER, scope: 'subject' },
  settingsDigest: DIGEST,
  ...parts,
});

/** The part of a view that the world drives. */
export type DrivenView = Pick<FleetView, 'heard' | 'listening' | 'deaf' | 'propagation'>;

interface WorldNode {
  readonly node: string;
  readonly instance: string;
  /** Whether heartbeats after the first of a connection arrive. */
  isHeard: boolean;
  isConnected: boolean;
  hasApplied: boolean;
  /** When the question was asked that its last proof of freshness answers; undefined = never current. */
  provenAt: number | undefined;
}

/** `start` is a join that goes well; `spread` brings the record to all connected nodes; `deafen` the second time ends it. */
export const FLEET_ACTS = [
  ...(['start', 'join', 'rejoin', 'prove', 'apply', 'spread'] as const),
  ...(['cut', 'reconnect', 'mute', 'lose', 'restart', 'deafen'] as const),
];
export type FleetAct = (typeof FLEET_ACTS)[number];

/**
 * Nodes that come, prove, apply, get cut off and die, one record published among them, and a service that listens. It
 * knows the truth that the service can only infer: which nodes would still let the revoked pass. What it takes
 * for granted is what the fleet view takes for granted: a node that connects says so before it asks for a proof.
 */
export class FleetWorld {
  readonly time = new ManualTime();
  #view: DrivenView;
  #nodes: WorldNode[] = [];
  #pubAckAt: number | undefined;
  /** Undefined once another process of the service answers. */
  #pubAckMonotonic: MonotonicMs | undefined;
  #born = 0;
  #isDeaf = false;

  constructor(private readonly makeView: (time: ManualTime) => DrivenView) {
    this.#view = this.makeView(this.time);
    this.#view.listening();
  }

  async pass(ms: number): Promise<void> {
    await this.time.advance(ms);
    for (const node of this.#nodes) if (node.isHeard) this.#beat(node);
  }

  act(act: FleetAct, which: number): void {
    if (act === 'restart') this.#restart();
    else if (act === 'deafen') this.#deafen();
    else if (act === 'spread') for (const node of this.#nodes) this.#actOn('apply', node);
    else if (act === 'join') this.#join();
    else if (act === 'rejoin') this.#join(this.#pick(which)?.node);
    else if (act === 'start') this.#actOn('prove', this.#join());
    else this.#actOn(act, this.#pick(which));
  }

  publish(): void {
    this.#pubAckMonotonic ??= this.time.monotonic();
    this.#pubAckAt ??= this.time.wall();
  }

  propagation(): Propagation | undefined {
    if (this.#pubAckAt === undefined) return undefined;
    const heard = this.#pubAckMonotonic;
    const query = { pubAckAt: epochMs(this.#pubAckAt), ...(heard !== undefined && { pubAckMonotonic: heard }) };
    return this.#view.propagation(aQuery(query));
  }

  /** Nodes that would let a token pass now that the record revokes. */
  accepting(): readonly string[] {
    if (this.#pubAckAt === undefined) return [];
    const fresh = ({ provenAt }: WorldNode): boolean =>
      provenAt !== undefined && this.time.wall() - provenAt <= BOUND_MS;
    return this.#nodes.filter((node) => !node.hasApplied && fresh(node)).map(({ instance }) => instance);
  }

  #pick(which: number): WorldNode | undefined {
    return this.#nodes[which % Math.max(1, this.#nodes.length)];
  }

  #join(node = `node-${this.#born}`): WorldNode {
    const born = { node, instance: `i-${this.#born++}`, isHeard: true, isConnected: true };
    const joined = { ...born, hasApplied: false, provenAt: undefined };
    this.#nodes.push(joined);
    this.#beat(joined);
    return joined;
  }

  #actOn(act: FleetAct, node: WorldNode | undefined): void {
    if (node === undefined) return;
    if (act === 'lose') this.#nodes = this.#nodes.filter((other) => other !== node);
    else if (act === 'cut') node.isConnected = false;
    else if (act === 'mute') node.isHeard = false;
    else if (act === 'reconnect') this.#reconnect(node);
    else if (node.isConnected) this.#advance(act, node);
  }

  #advance(act: FleetAct, node: WorldNode): void {
    const isPublished = this.#pubAckAt !== undefined;
    // Who proves to be at the head after the publish has the record; the feed may bring it at any time.
    node.hasApplied = isPublished;
    if (act === 'prove') node.provenAt = this.time.wall();
    if (node.isHeard) this.#beat(node);
  }

  #reconnect(node: WorldNode): void {
    Object.assign(node, { isConnected: true, isHeard: true });
    this.#beat(node);
  }

  /** Another process of the service: it knows nothing, and hears of every connected node that still speaks. */
  #restart(): void {
    this.#view = this.makeView(this.time);
    this.#pubAckMonotonic = undefined;
    this.#view.listening();
    this.#isDeaf = false;
    for (const node of this.#nodes) this.#beat(node);
  }

  /** The service loses its connection, or has it back: until then it hears nothing. */
  #deafen(): void {
    this.#isDeaf = !this.#isDeaf;
    if (this.#isDeaf) {
      this.#view.deaf();
      return;
    }
    this.#view.listening();
    for (const node of this.#nodes) this.#beat(node);
  }

  #beat({ node, instance, isConnected, hasApplied, provenAt }: WorldNode): void {
    if (!isConnected || this.#isDeaf) return;
    const state = provenAt === undefined ? 'catchingUp' : 'current';
    this.#view.heard(aHeartbeat({ node, instance, state, watermark: sequence(hasApplied ? 1 : 0) }));
  }
}
