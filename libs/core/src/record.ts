import { type IssuerSettings } from './issuer-settings.js';
import { type Lift, type Revocation } from './revocation.js';
import { type Scope } from './scope.js';
import { type EpochMs, type Sequence } from './units.js';

/** What a record says, once its signature, namespace and version are checked. */
export type RecordBody =
  | {
      readonly kind: 'revoked';
      readonly issuer: string;
      readonly scope: Scope;
      readonly revocations: readonly Revocation[];
      readonly reasonCode?: string;
    }
  | {
      readonly kind: 'lifted';
      readonly issuer: string;
      readonly scope: Scope;
      readonly lifts: readonly Lift[];
      readonly reasonCode?: string;
    }
  | {
      readonly kind: 'epochOpened';
      readonly previous: string | undefined;
      readonly entries: number;
      readonly hashKey: string;
    }
  | { readonly kind: 'settingsDeclared'; readonly version: number; readonly settings: IssuerSettings }
  /** Ends the effect of an unreadable record, named by its id. */
  | { readonly kind: 'voided'; readonly recordId: string };

/** A record that somebody is about to publish. */
export interface OutgoingRecord {
  /** Unique for ever; also the CloudEvents id and `Nats-Msg-Id`. */
  readonly id: string;
  readonly namespace: string;
  readonly epoch: string;
  readonly time: EpochMs;
  readonly body: RecordBody;
}

/** What stands at one sequence of the log, as a node sees it. */
export type FeedRecord = {
  readonly sequence: Sequence;
  /** The record id, or a digest of the stored bytes where none can be read: tells two records at one sequence apart. */
  readonly identity: string;
} & (
  | { readonly kind: 'record'; readonly epoch: string; readonly time: EpochMs; readonly body: RecordBody }
  /** Not signed by us, or of another namespace or epoch: counted, alarmed, passed over. */
  | { readonly kind: 'foreign'; readonly why: 'unsigned' | 'wrongKey' | 'namespace' | 'epoch' | 'malformed' }
  /** Signed by us but not understood: the envelope limits the damage to that issuer; undefined = all issuers. */
  | { readonly kind: 'unreadable'; readonly issuer: string | undefined; readonly why: 'majorVersion' | 'malformed' }
);

/** Signed sign of life of the service, each second, outside the log. Reveals gaps; never renews freshness. */
export interface Tick {
  readonly id: string;
  readonly epoch: string;
  readonly head: Sequence;
  readonly time: EpochMs;
  /** The largest staleness bound any node of the fleet may be configured with. Milliseconds. */
  readonly fleetBoundMs: number;
}
