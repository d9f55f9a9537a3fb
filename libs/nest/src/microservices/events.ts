import {
  SCOPES,
  type Condition,
  type Effect,
  type EpochMs,
  type FeedRecord,
  type RevocationKey,
  type Scope,
  type Sequence,
} from '@revocast/core';

/** Where in which log an event stands. Kept by a handler, it is where to go on after a restart. */
export interface EventPosition {
  readonly epoch: string;
  readonly sequence: Sequence;
}

interface EventBase extends EventPosition {
  readonly issuer: string;
  readonly scope: Scope;
  /** The revocation that was made or taken back. */
  readonly id: string;
  readonly time: EpochMs;
  readonly reasonCode?: string;
}

export interface RevokedEvent extends EventBase {
  readonly type: `${Scope}.revoked`;
  readonly key: RevocationKey;
  readonly effect: Effect;
  /** Whom it lets off. Once it lets off nobody, the event comes again, without it. */
  readonly condition?: Condition;
}

export interface LiftedEvent extends EventBase {
  readonly type: `${Scope}.lifted`;
}

/**
 * Revocations may have happened that no event tells of: drop what you hold, or look at it again. `logReplaced`: the log
 * was recreated or rolled back, and all its records follow. `agedOut`: records ended before they were read.
 * `unreadable`: a record that this version cannot read, of `issuer` or, without one, of any.
 */
export interface ResyncEvent {
  readonly type: 'resync';
  readonly because: 'logReplaced' | 'agedOut' | 'unreadable';
  readonly issuer?: string;
}

export type RevocationEvent = RevokedEvent | LiftedEvent | ResyncEvent;

const EVENT_TYPES: readonly string[] = [
  'resync',
  ...SCOPES.flatMap((scope) => [`${scope}.revoked`, `${scope}.lifted`]),
];

/** The events that one record stands for, in its order; none for those that concern only the log itself. */
export function eventsOf(record: FeedRecord): readonly RevocationEvent[] {
  if (record.kind === 'foreign') return [];
  if (record.kind === 'unreadable') {
    const { issuer } = record;
    return [{ type: 'resync', because: 'unreadable', ...(issuer !== undefined && { issuer }) }];
  }
  const { body, sequence, epoch, time } = record;
  if (body.kind !== 'revoked' && body.kind !== 'lifted') return [];
  const { issuer, scope, reasonCode } = body;
  const base = { sequence, epoch, time, issuer, scope, ...(reasonCode !== undefined && { reasonCode }) };
  return body.kind === 'lifted'
    ? body.lifts.map(({ id }): LiftedEvent => ({ ...base, type: `${scope}.lifted`, id }))
    : body.revocations.map(({ id, key, effect, condition }): RevokedEvent => ({
        ...base,
        type: `${scope}.revoked`,
        id,
        key,
        effect,
        ...(condition && { condition }),
      }));
}

/** Whether `pattern` names `type`; a `*` stands for any one part: `*.revoked`, `subject.*`, `*` (which is `resync`). */
export function matches(pattern: string, type: string): boolean {
  const wanted = pattern.split('.');
  const parts = type.split('.');
  return wanted.length === parts.length && wanted.every((part, index) => part === '*' || part === parts[index]);
}

/** Whether any event can ever match: a handler with a misspelt pattern would wait for ever. */
export const matchesAny = (pattern: string): boolean => EVENT_TYPES.some((type) => matches(pattern, type));
