import { type ClaimNames, type IssuerSettings, type RecordBody } from '@revocast/core';
import { ISSUER_BYTES_MAX } from './envelope.js';
import {
  type Fields,
  fieldsIn,
  finiteIn,
  integerIn,
  isText,
  listIn,
  numberIn,
  oneOfIn,
  optional,
  textIn,
  unreadable,
} from './fields.js';

type SettingsDeclared = Extract<RecordBody, { readonly kind: 'settingsDeclared' }>;

const CLAIM_BYTES_MAX = 256;
const CLAIM_KEYS = ['tokenId', 'session', 'subject', 'client', 'device'] as const;

/** The issuer stands outside the settings, where every record has it: it limits what an older node cannot read. */
export const writeSettings = ({ version, settings }: SettingsDeclared): Fields => {
  const { issuer, ...rest } = settings;
  return { issuer, version, settings: rest };
};

/** Throws ERR_RECORD_UNREADABLE. */
export const readSettings = (data: Fields): SettingsDeclared => ({
  kind: 'settingsDeclared',
  version: integerIn(data, 'version'),
  settings: readIssuerSettings(textIn(data, 'issuer', ISSUER_BYTES_MAX), fieldsIn(data, 'settings')),
});

const readIssuerSettings = (issuer: string, fields: Fields): IssuerSettings => ({
  issuer,
  maxLifetimeSeconds: numberIn(fields, 'maxLifetimeSeconds'),
  sessionMaxSeconds: numberIn(fields, 'sessionMaxSeconds'),
  clockSkewSeconds: numberIn(fields, 'clockSkewSeconds'),
  cutoffClaim: oneOfIn(fields, 'cutoffClaim', ['iat', 'auth_time']),
  issuedAtOffsetSeconds: finiteIn(fields, 'issuedAtOffsetSeconds'),
  leadSeconds: numberIn(fields, 'leadSeconds'),
  claims: readClaims(fieldsIn(fields, 'claims')),
  require: listIn(fields, 'require', readClaimName),
});

const readClaims = (fields: Fields): ClaimNames => {
  const claims: { -readonly [key in keyof ClaimNames]: ClaimNames[key] } = {};
  for (const key of CLAIM_KEYS) {
    const names = optional(fields, key, (all, name) => listIn(all, name, readClaimName));
    if (names !== undefined) claims[key] = names;
  }
  return claims;
};

const readClaimName = (item: unknown): string => {
  if (!isText(item, CLAIM_BYTES_MAX)) throw unreadable('a claim name is not a text');
  return item;
};
