import { RevocationError } from './errors.js';
import { isKeyField } from './key.js';
import { createKeyedHash } from './keyed-hash.js';
import { type Scope } from './scope.js';
import { type TokenFacts } from './token.js';
import { type EpochSeconds, epochSeconds } from './units.js';
import { utf8Length } from './utf8.js';

/** The time over which a revocation reaches one subject after the other. Whole seconds. */
export interface Spread {
  readonly from: EpochSeconds;
  /** From here on everybody is hit, by whatever clock the node has. */
  readonly until: EpochSeconds;
}

/**
 * Whom a wide revocation lets off. `exceptClients`: tokens of these clients; one without a client is excepted by nobody.
 * `spread`: each subject until its wave comes, whose moment is a keyed hash, so that nobody chooses his own; a token without a
 * subject is hit at once.
 */
export type Condition = { readonly exceptClients: readonly string[] } | { readonly spread: Spread };

/** Scopes that hit more than one person, device or app of a person: only these can have a condition. */
export const CONDITION_SCOPES: readonly Scope[] = ['client', 'issuer', 'key'];
export const EXCEPT_CLIENTS_MAX = 64;
/** Of all names together, in UTF-8: the revocation must fit into a record beside its key, escaped as JSON may escape it. */
export const EXCEPT_CLIENTS_BYTES_MAX = 8_192;
export const SPREAD_SECONDS_MAX = 86_400;

/**
 * The condition of a record, or undefined where it says nothing that we know: then everybody is hit, which is more and
 * never less. Throws ERR_REVOCATION_INVALID for one that we know in a wrong form.
 */
export const parseCondition = (scope: Scope, value: unknown): Condition | undefined => {
  if (!isObject(value)) throw invalid('A condition is an object.');
  const { exceptClients, spread } = value;
  if (exceptClients === undefined && spread === undefined) return undefined;
  if (exceptClients !== undefined && spread !== undefined)
    throw invalid('exceptClients and spread exclude each other.');
  if (!CONDITION_SCOPES.includes(scope)) throw invalid(`Scope ${scope} takes no condition.`);
  return exceptClients === undefined ? { spread: parseSpread(spread) } : { exceptClients: parseClients(exceptClients) };
};

const parseClients = (value: unknown): readonly string[] => {
  if (!Array.isArray(value) || value.length === 0 || value.length > EXCEPT_CLIENTS_MAX) {
    throw invalid(`exceptClients is a list of 1 to ${EXCEPT_CLIENTS_MAX} clients.`);
  }
  const clients = value.map((client: unknown) => {
    if (typeof client !== 'string' || !isKeyField(client)) throw invalid('exceptClients holds what is no client.');
    return client;
  });
  if (new Set(clients).size < clients.length) throw invalid('exceptClients names a client twice.');
  if (clients.reduce((sum, client) => sum + utf8Length(client), 0) > EXCEPT_CLIENTS_BYTES_MAX) {
    throw invalid(`exceptClients has more than ${EXCEPT_CLIENTS_BYTES_MAX} bytes.`);
  }
  return clients;
};

const parseSpread = (value: unknown): Spread => {
  const { from, until } = isObject(value) ? value : {};
  if (!isWhole(from) || !isWhole(until)) throw invalid('A spread has whole seconds from and until.');
  if (until <= from || until - from > SPREAD_SECONDS_MAX) {
    throw invalid(`A spread ends after it begins, and ${SPREAD_SECONDS_MAX} s later at the latest.`);
  }
  return { from: epochSeconds(from), until: epochSeconds(until) };
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const invalid = (message: string): RevocationError => new RevocationError('ERR_REVOCATION_INVALID', message);

/** Two conditions are the same exactly if these texts are. */
export const conditionText = (condition: Condition | undefined): string =>
  condition === undefined ? '' : JSON.stringify(condition);

/** Which part of 2^32 of a spread has passed when a subject's wave comes. */
export type Wave = (revocationId: string, issuer: string, sub: string) => number;

/**
 * Under the hash key of the deployment, so that nobody can tell, or choose, when it is his turn; of the revocation as well, so that it
 * is not the same people who are first each time. The same on all nodes, in whatever language.
 */
export const createWave = (hashKey: Uint8Array): Wave => {
  const hash = createKeyedHash(hashKey);
  return (id, issuer, sub) => hash(`wave${part(id)}${part(issuer)}${part(sub)}`)[0] ?? 0;
};

const part = (text: string): string => `${utf8Length(text)}:${text}`;

const WAVES = 2 ** 32;

/** Whether the condition of a revocation spares a token at this time. */
export const letsOff = (
  condition: Condition,
  {
    id,
    token,
    seconds,
    wave,
  }: { readonly id: string; readonly token: TokenFacts; readonly seconds: number; readonly wave: Wave },
): boolean => {
  const { clientId, issuer, sub } = token;
  if ('exceptClients' in condition) return clientId !== undefined && condition.exceptClients.includes(clientId);
  const { from, until } = condition.spread;
  if (sub === undefined || seconds >= until) return false;
  // Both products are exact, so that nodes in any language round alike.
  return wave(id, issuer, sub) * (until - from) > (seconds - from) * WAVES;
};
