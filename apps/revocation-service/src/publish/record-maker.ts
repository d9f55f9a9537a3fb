import { createHash, randomBytes } from 'node:crypto';
import { type Clock, type Lift, type RecordBody, type Revocation, type Scope } from '@revocast/core';
import { encodeRecord, type Signer, splitRevocations } from '@revocast/jetstream';
import {
  conditionInForce,
  hasWaves,
  isPartial,
  type PublishableLift,
  type PublishableRevocation,
} from '../journal/entries.js';
import { type NewRecord } from '../journal/records.js';

/** Entries that are to travel in records. */
export interface EntrySet {
  readonly revocations: readonly PublishableRevocation[];
  readonly lifts: readonly PublishableLift[];
}

/** A record of fixed bytes and the journal entries that it carries. */
export interface Parcel {
  readonly record: Pick<NewRecord, 'encoded' | 'kind'>;
  /** Ids of the revocations, or of the revocations that are lifted. */
  readonly ids: readonly string[];
}

/** One that the journal does not know yet. */
export interface PackedRecord extends Parcel {
  readonly record: NewRecord;
}

export interface RecordMakerOptions {
  readonly namespace: string;
  readonly signer: Signer;
  readonly clock: Clock;
}

/**
 * The id of a record that several instances may make at once, and of which the log is to take one: the broker stores the
 * first and answers the others with its sequence. Of the epoch too, since an id stands for one place in one log.
 */
export const sharedRecordId = (epoch: string, name: string): string =>
  createHash('sha256').update(`${epoch}\n${name}`).digest('hex').slice(0, 32);

/** About 70 bytes each: far below the limit of a record. */
const LIFTS_PER_RECORD_MAX = 400;

/** Turns what is to be said into signed records of fixed bytes, each with an id of its own. */
export class RecordMaker {
  constructor(private readonly options: RecordMakerOptions) {}

  make(body: RecordBody, epoch: string, id: string = randomBytes(16).toString('hex')): NewRecord {
    const { namespace, signer, clock } = this.options;
    const madeAt = clock.wall();
    const encoded = encodeRecord({ id, namespace, epoch, time: madeAt, body }, signer);
    return { encoded, kind: body.kind, issuer: issuerOf(body), scope: scopeOf(body), madeAt, partial: isPartial(body) };
  }

  /** As few records as possible: each holds revocations of one issuer and scope, all with waves or all without. `id`: of the record, when one is enough. */
  packRevocations(entries: readonly PublishableRevocation[], epoch: string, id?: string): readonly PackedRecord[] {
    const groups = grouped(entries, (entry) => [
      entry.issuer,
      entry.key.scope,
      hasWaves(conditionInForce(entry)) ? 'waves' : '',
    ]);
    return groups.flatMap((group) => {
      const body = { kind: 'revoked' as const, ...headOf(group), revocations: group.map(revocationOf) };
      return splitRevocations(body).map((part, index) => ({
        record: this.make(part, epoch, index === 0 ? id : undefined),
        ids: part.revocations.map((revocation) => revocation.id),
      }));
    });
  }

  packLifts(lifts: readonly PublishableLift[], epoch: string): readonly PackedRecord[] {
    return grouped(lifts, (lift) => [lift.issuer, lift.scope])
      .flatMap((group) => chunks(group, LIFTS_PER_RECORD_MAX))
      .map((part) => {
        const [first] = part;
        const body = {
          kind: 'lifted' as const,
          issuer: first.issuer,
          scope: first.scope,
          lifts: part.map(tombstoneOf),
        };
        return { record: this.make(body, epoch), ids: part.map((lift) => lift.revocationId) };
      });
  }
}

type NonEmpty<T> = readonly [T, ...T[]];

const headOf = ([first]: NonEmpty<PublishableRevocation>): { issuer: string; scope: Scope } => ({
  issuer: first.issuer,
  scope: first.key.scope,
});

const revocationOf = (entry: PublishableRevocation): Revocation => {
  const condition = conditionInForce(entry);
  return {
    id: entry.id,
    issuer: entry.issuer,
    key: entry.key,
    effect: entry.effect,
    retainUntil: entry.retainUntil,
    ...(condition && { condition }),
    ...(entry.supersedes.length > 0 && { supersedes: entry.supersedes }),
  };
};

const tombstoneOf = (lift: PublishableLift): Lift => ({ id: lift.revocationId, retainUntil: lift.retainUntil });

const issuerOf = (body: RecordBody): string | undefined =>
  body.kind === 'settingsDeclared' ? body.settings.issuer : 'issuer' in body ? body.issuer : undefined;

const scopeOf = (body: RecordBody): Scope | undefined => ('scope' in body ? body.scope : undefined);

function grouped<T>(items: readonly T[], by: (item: T) => readonly string[]): readonly NonEmpty<T>[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const name = JSON.stringify(by(item));
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function chunks<T>(items: NonEmpty<T>, size: number): readonly NonEmpty<T>[] {
  const parts: NonEmpty<T>[] = [];
  for (let from = 0; from < items.length; from += size) {
    const [first, ...rest] = items.slice(from, from + size);
    if (first !== undefined) parts.push([first, ...rest]);
  }
  return parts;
}
