import {
  type FleetView,
  type FleetViewOptions,
  createFleetView,
  type Heartbeat,
  type NodeState,
  type Propagation,
  type PropagationQuery,
  sequence,
} from '@revocast/core';
import { ManualTime } from '@revocast/testing';
import { aHeartbeat, aQuery, BOUND_MS } from './fleet-world.js';

/** A fleet whose service has listened long enough. */
export class HeardFleet {
  readonly time = new ManualTime();
  readonly view: FleetView;

  constructor(options: Partial<FleetViewOptions> = {}) {
    this.view = createFleetView({ fleetBoundMs: BOUND_MS, expected: {}, clock: this.time, ...options });
  }

  /** With nothing heard before. */
  static async listening(options: Partial<FleetViewOptions> = {}): Promise<HeardFleet> {
    const world = new HeardFleet(options);
    world.view.listening();
    await world.time.advance(BOUND_MS + 1_000);
    return world;
  }

  /** Heartbeats of nodes `node-1`.. of which all are at `watermark`. */
  heard(count: number, parts: Partial<Heartbeat> = {}): void {
    for (let i = 1; i <= count; i++) this.view.heard(aHeartbeat({ node: `node-${i}`, instance: `i-${i}`, ...parts }));
  }

  acked(count: number, parts: Partial<Heartbeat> = {}): void {
    this.heard(count, { watermark: sequence(1), identity: 'record-1', ...parts });
  }

  /** Publishes now, and asks later. */
  publish(parts: Partial<PropagationQuery> = {}): () => Propagation {
    const acked = { pubAckAt: this.time.wall(), pubAckMonotonic: this.time.monotonic() };
    return () => this.view.propagation(aQuery({ ...acked, ...parts }));
  }

  state(node = 'node-1', ...reference: Parameters<FleetView['nodes']>): NodeState | undefined {
    return this.view.nodes(...reference).find((one) => one.node === node)?.state;
  }
}
