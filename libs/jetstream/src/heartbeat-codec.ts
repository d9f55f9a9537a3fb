import {
  CANARIES_MAX,
  CANARY_OUTCOMES,
  type CanaryReport,
  epochMs,
  FOLLOWER_STATES,
  type Heartbeat,
  type IssuerCoverage,
  type LocalFileReport,
  MODES,
  RevocationError,
  type Scope,
  SCOPES,
  sequence,
} from '@revocast/core';
import { ISSUER_BYTES_MAX } from './envelope.js';
import {
  asFields,
  booleanIn,
  type Fields,
  fieldsIn,
  integerIn,
  listIn,
  matchIn,
  numberIn,
  oneOfIn,
  optional,
  parseFields,
  textIn,
  unreadable,
} from './fields.js';
import { type NodeName } from './names.js';

/** Hundreds of issuers fit; what is larger is not looked at, and not sent. */
export const HEARTBEAT_BYTES_MAX = 65_536;

const NAME_BYTES_MAX = 256;
/** Shown to operators: codes and version numbers, no text. */
const CODE = /^[\x21-\x7e]{1,128}$/;

export const encodeHeartbeat = (heartbeat: Heartbeat): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(heartbeat));

/**
 * A heartbeat that came over the subject of `from`. Undefined when it is no heartbeat, or speaks for another node:
 * the broker's rights bind a node to its subject, and only this comparison binds the subject to what is said.
 */
export const decodeHeartbeat = (payload: Uint8Array, from: NodeName): Heartbeat | undefined => {
  if (payload.length > HEARTBEAT_BYTES_MAX) return undefined;
  const fields = parseFields(payload);
  if (fields?.['service'] !== from.service || fields['instance'] !== from.instance) return undefined;
  try {
    return readHeartbeat(fields, from);
  } catch (error) {
    if (error instanceof RevocationError) return undefined;
    throw error;
  }
};

const readHeartbeat = (fields: Fields, { service, instance }: NodeName): Heartbeat => ({
  node: textIn(fields, 'node', NAME_BYTES_MAX),
  instance,
  service,
  // An app that names no version of its own is a node all the same.
  version: fields['version'] === '' ? '' : codeIn(fields, 'version'),
  epoch: optional(fields, 'epoch', codeIn),
  watermark: sequence(integerIn(fields, 'watermark')),
  identity: optional(fields, 'identity', codeIn),
  state: oneOfIn(fields, 'state', FOLLOWER_STATES),
  mode: oneOfIn(fields, 'mode', MODES),
  stalenessMsMax: numberIn(fields, 'stalenessMsMax'),
  stalenessMs: optional(fields, 'stalenessMs', numberIn),
  issuers: listIn(fields, 'issuers', readCoverage),
  liveEntries: integerIn(fields, 'liveEntries'),
  guarded: booleanIn(fields, 'guarded'),
  at: epochMs(numberIn(fields, 'at')),
  ...(fields['because'] === undefined ? {} : { because: codeIn(fields, 'because') }),
  ...(fields['routeMode'] === undefined ? {} : { routeMode: oneOfIn(fields, 'routeMode', MODES) }),
  ...(fields['localFile'] === undefined ? {} : { localFile: readLocalFile(fieldsIn(fields, 'localFile')) }),
  ...(fields['newestTick'] === undefined ? {} : { newestTick: epochMs(numberIn(fields, 'newestTick')) }),
  ...(fields['countsRefusals'] === true ? { countsRefusals: true as const } : {}),
  ...(fields['answersQuestions'] === true ? { answersQuestions: true as const } : {}),
  ...(fields['heedsConditions'] === true ? { heedsConditions: true as const } : {}),
  ...(fields['canaries'] === undefined ? {} : { canaries: readCanaries(fields) }),
  ...(fields['goodbye'] === true ? { goodbye: true as const } : {}),
});

const readCoverage = (item: unknown): IssuerCoverage => {
  const fields = asFields(item);
  if (fields === undefined) throw unreadable('issuers holds what is not an object');
  // A newer node may map a scope that we do not know yet: the others count all the same.
  const named = listIn(fields, 'scopes', (name) => name);
  return {
    issuer: textIn(fields, 'issuer', ISSUER_BYTES_MAX),
    scopes: SCOPES.filter((scope) => named.includes(scope)),
    settingsDigest: codeIn(fields, 'settingsDigest'),
    tokens: integerIn(fields, 'tokens'),
    seen: readSeen(fieldsIn(fields, 'seen')),
  };
};

const readSeen = (fields: Fields): Partial<Record<Scope, number>> => {
  const seen: Partial<Record<Scope, number>> = {};
  for (const scope of SCOPES) {
    const count = optional(fields, scope, integerIn);
    if (count !== undefined) seen[scope] = count;
  }
  return seen;
};

const readLocalFile = (fields: Fields): LocalFileReport => ({
  entries: integerIn(fields, 'entries'),
  broken: booleanIn(fields, 'broken'),
  ...(fields['modeOverride'] === undefined ? {} : { modeOverride: oneOfIn(fields, 'modeOverride', MODES) }),
  ...(fields['until'] === undefined ? {} : { until: epochMs(numberIn(fields, 'until')) }),
});

/** What a newer node says of a canary and we do not know shows us nothing; the rest of its heartbeat counts all the same. */
const readCanaries = (fields: Fields): readonly CanaryReport[] =>
  listIn(fields, 'canaries', asFields)
    .flatMap((canary) => {
      const outcome = CANARY_OUTCOMES.find((known) => known === canary?.['outcome']) ?? 'unproven';
      return canary === undefined ? [] : [{ revocationId: codeIn(canary, 'revocationId'), outcome }];
    })
    .slice(-CANARIES_MAX);

const codeIn = (fields: Fields, name: string): string => matchIn(fields, name, CODE);
