import {
  type Condition,
  type Effect,
  type EpochMs,
  type EpochSeconds,
  type RecordBody,
  type RevocationKey,
  type Sequence,
} from '@revocast/core';

/** Who gave a command: the name of an API key, or issuer and subject of an operator's token. */
export interface Actor {
  readonly name: string;
}

/**
 * Where the journal has an entry from: a command that this instance accepted, or the log, where another instance or a
 * journal that is lost had put it. Who asked and why never travels on the wire.
 */
export type Origin = 'command' | 'log';

/** A revocation that is about to enter the journal: everything that is fixed before the publish. */
export interface NewRevocation {
  readonly id: string;
  /** The id that the command's answer names; one command may make two revocations. */
  readonly commandId: string;
  /** Tells a repeated command from another one under the same idempotency key. */
  readonly commandDigest: string;
  readonly issuer: string;
  readonly key: RevocationKey;
  readonly effect: Effect;
  readonly retainUntil: EpochSeconds | 'lifted';
  readonly condition?: Condition;
  /** It could hit no token any more when it was given: kept for the record, never published. */
  readonly moot: boolean;
  readonly actor: string;
  readonly reason: string | undefined;
  readonly acceptedAt: EpochMs;
}

/** The record that carries an entry, and what the broker said of it. */
export interface Carrier {
  readonly recordId: string;
  readonly epoch: string;
  readonly sequence: Sequence | undefined;
  /** Undefined while nobody knows whether the broker has stored it. */
  readonly ackedAt: EpochMs | undefined;
  /** The proof of enforcement, once there was one: JSON of a propagation. */
  readonly proof: string | undefined;
}

/** What a record says of a revocation. */
export interface PublishableRevocation extends Pick<
  NewRevocation,
  'id' | 'issuer' | 'key' | 'effect' | 'retainUntil' | 'condition'
> {
  readonly supersedes: readonly string[];
  /** Since when the revocation is published without its condition. */
  readonly conditionEndedAt?: EpochMs;
}

/** The condition that a record of this revocation carries now. */
export const conditionInForce = ({
  condition,
  conditionEndedAt,
}: Pick<PublishableRevocation, 'condition' | 'conditionEndedAt'>): Condition | undefined =>
  conditionEndedAt === undefined ? condition : undefined;

export const hasWaves = (condition: Condition | undefined): boolean => condition !== undefined && 'spread' in condition;

/** Whether a record reaches some people later than others. */
export const isPartial = (body: RecordBody): boolean =>
  body.kind === 'revoked' && body.revocations.some(({ condition }) => hasWaves(condition));

/** What a record says of a lift. */
export interface PublishableLift {
  readonly revocationId: string;
  readonly retainUntil: EpochSeconds;
  readonly issuer: string;
  readonly scope: RevocationKey['scope'];
}

/** A revocation as the journal has it. */
export interface JournaledRevocation extends NewRevocation, PublishableRevocation {
  readonly origin: Origin;
  /** Order of acceptance. */
  readonly position: number;
  readonly supersededBy: string | undefined;
  readonly liftedAt: EpochMs | undefined;
  /** The first record that the broker confirmed; until then the one on its way. */
  readonly first: Carrier | undefined;
  /** The latest one: another one after it was published again. */
  readonly latest: Carrier | undefined;
}

/** A lift that is about to enter the journal. */
export interface NewLift {
  readonly revocationId: string;
  readonly issuer: string;
  readonly scope: RevocationKey['scope'];
  readonly retainUntil: EpochSeconds;
  readonly actor: string;
  readonly reason: string | undefined;
  readonly acceptedAt: EpochMs;
}

export interface JournaledLift extends NewLift, PublishableLift {
  readonly origin: Origin;
  readonly position: number;
  readonly first: Carrier | undefined;
  readonly latest: Carrier | undefined;
}
