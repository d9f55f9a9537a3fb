import {
  type FollowerOptions,
  type FleetView,
  type FleetViewOptions,
  type Heartbeat,
  type LogIdentity,
  type TokenFacts,
} from '@revocast/core';
import { type HistoryEntry } from '../history.js';
import { type InMemoryBroker } from '../in-memory-feed.js';
import { type ManualTime } from '../manual-time.js';

/** What the parts of a simulated world share. */
export interface Surroundings {
  readonly time: ManualTime;
  readonly broker: InMemoryBroker;
  /** Adds to what happened. */
  readonly note: (entry: HistoryEntry) => void;
  /** Brings a heartbeat that came over `connection` to every service that hears; the network may lose all but the first. */
  readonly carry: (heartbeat: Heartbeat, connection: string, isMuted: boolean) => void;
  /** Every revocation so far with a token that it alone hits, forged ones too. */
  readonly tokens: () => Iterable<readonly [string, TokenFacts]>;
  /** Counts what may change an answer besides new records: lifts, lost and replaced logs. */
  readonly changes: () => number;
  /** When the log last lost records, or was replaced. */
  readonly lostAt: () => number;
  /** Seeds for the dice of processes, the same in each run of a schedule. */
  readonly nextSeed: () => number;
  /** What a node that starts is given besides the log: how short a log is worth a snapshot. */
  readonly snapshot: () => Partial<FollowerOptions>;
  readonly alterFollower: (options: FollowerOptions) => FollowerOptions;
  readonly alterView: (view: FleetView, options: FleetViewOptions) => FleetView;
}

export const logNameOf = (log: Pick<LogIdentity, 'name' | 'created'> | undefined): string | undefined =>
  log && `${log.name} ${log.created}`;
