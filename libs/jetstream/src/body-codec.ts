import {
  type Effect,
  type EpochSeconds,
  epochSeconds,
  keyFields,
  type Lift,
  parseCondition,
  parseKey,
  type RecordBody,
  type Revocation,
  type Scope,
  SCOPES,
} from '@revocast/core';
import { ISSUER_BYTES_MAX } from './envelope.js';
import {
  asFields,
  booleanIn,
  type Fields,
  idIn,
  integerIn,
  isId,
  listIn,
  matchIn,
  numberIn,
  optional,
  textIn,
  unreadable,
} from './fields.js';
import { readSettings, writeSettings } from './settings-codec.js';

/** The type and `data` of a record, without what every record has. */
export interface WireBody {
  readonly name: string;
  readonly data: Fields;
}

/** A reason is a code of the operator's own list, never free text: that could name a person. */
const REASON_CODE = /^[A-Za-z0-9_.:-]{1,64}$/;
/** 128 bits. */
const HASH_KEY = /^[0-9a-f]{32}$/;
const EPOCH_LIKE = /^[A-Za-z0-9-]{1,64}$/;
/** Their revocations end with each token, or mean every token anyway; all others must say when they hit. */
const ALWAYS_SCOPES: readonly Scope[] = ['token', 'session', 'key'];

export const writeBody = (body: RecordBody): WireBody => {
  switch (body.kind) {
    case 'revoked':
      return {
        name: `${body.scope}.revoked`,
        data: { ...aboutIn(body), revocations: body.revocations.map(writeRevocation) },
      };
    case 'lifted':
      return { name: `${body.scope}.lifted`, data: { ...aboutIn(body), lifts: body.lifts } };
    case 'epochOpened':
      return { name: 'epoch.opened', data: { previous: body.previous, entries: body.entries, hashKey: body.hashKey } };
    case 'settingsDeclared':
      return { name: 'settings.declared', data: writeSettings(body) };
    case 'voided':
      return { name: 'record.voided', data: { recordId: body.recordId } };
  }
};

/** Throws ERR_RECORD_UNREADABLE, or what the core says of a bad key. */
export const readBody = ({ name, data }: WireBody): RecordBody => {
  switch (name) {
    case 'epoch.opened':
      return {
        kind: 'epochOpened',
        previous: optional(data, 'previous', (fields, field) => matchIn(fields, field, EPOCH_LIKE)),
        entries: integerIn(data, 'entries'),
        hashKey: matchIn(data, 'hashKey', HASH_KEY),
      };
    case 'settings.declared':
      return readSettings(data);
    case 'record.voided':
      return { kind: 'voided', recordId: idIn(data, 'recordId') };
    default:
      return readScoped(name, data);
  }
};

const aboutIn = ({ issuer, scope, reasonCode }: Extract<RecordBody, { readonly scope: Scope }>): Fields => ({
  issuer,
  scope,
  reasonCode,
});

const readScoped = (name: string, data: Fields): RecordBody => {
  const [scopeName, verb] = name.split('.');
  const scope = SCOPES.find((known) => known === scopeName);
  if (scope === undefined || data['scope'] !== scope) throw unreadable('the type and the scope do not belong together');
  const issuer = textIn(data, 'issuer', ISSUER_BYTES_MAX);
  const reasonCode = optional(data, 'reasonCode', (fields, field) => matchIn(fields, field, REASON_CODE));
  const about = { issuer, scope, ...(reasonCode === undefined ? {} : { reasonCode }) };
  if (verb === 'lifted') return { kind: 'lifted', ...about, lifts: someIn(data, 'lifts', readLift) };
  if (verb !== 'revoked') throw unreadable('the type is unknown');
  return {
    kind: 'revoked',
    ...about,
    revocations: someIn(data, 'revocations', (item) => readRevocation(issuer, scope, item)),
  };
};

/** A record that says nothing was not written by us. */
const someIn = <T>(data: Fields, name: string, read: (item: Fields) => T): readonly T[] => {
  const items = listIn(data, name, (item) => {
    const fields = asFields(item);
    if (fields === undefined) throw unreadable(`${name} holds what is not an object`);
    return read(fields);
  });
  if (items.length === 0) throw unreadable(`${name} is empty`);
  return items;
};

export const writeRevocation = ({ id, key, effect, retainUntil, condition, supersedes }: Revocation): Fields => ({
  id,
  ...keyFields(key),
  ...(effect.kind === 'issuedBefore' ? { issuedBefore: effect.issuedBefore } : {}),
  ...(effect.kind === 'suspended' ? { suspended: true } : {}),
  retainUntil,
  condition,
  supersedes,
});

const readRevocation = (issuer: string, scope: Scope, fields: Fields): Revocation => {
  const supersedes = optional(fields, 'supersedes', (all, name) => listIn(all, name, readId));
  const condition = optional(fields, 'condition', (all, name) => parseCondition(scope, all[name]));
  return {
    id: idIn(fields, 'id'),
    issuer,
    key: parseKey(scope, fields),
    effect: readEffect(scope, fields),
    retainUntil: fields['retainUntil'] === 'lifted' ? 'lifted' : secondsIn(fields, 'retainUntil'),
    ...(condition === undefined ? {} : { condition }),
    ...(supersedes === undefined ? {} : { supersedes }),
  };
};

const readEffect = (scope: Scope, fields: Fields): Effect => {
  const issuedBefore = optional(fields, 'issuedBefore', secondsIn);
  const suspended = optional(fields, 'suspended', booleanIn) === true;
  if (issuedBefore !== undefined && suspended) throw unreadable('issuedBefore and suspended exclude each other');
  if (issuedBefore !== undefined) return { kind: 'issuedBefore', issuedBefore };
  if (suspended) return { kind: 'suspended' };
  // Without this, a cut-off that lost its time on the way would silently hit every token of the key.
  if (!ALWAYS_SCOPES.includes(scope)) throw unreadable('neither issuedBefore nor suspended');
  return { kind: 'always' };
};

const readLift = (fields: Fields): Lift => ({ id: idIn(fields, 'id'), retainUntil: secondsIn(fields, 'retainUntil') });

const readId = (item: unknown): string => {
  if (!isId(item)) throw unreadable('supersedes holds what is not an id');
  return item;
};

const secondsIn = (fields: Fields, name: string): EpochSeconds => epochSeconds(numberIn(fields, name));
