import { hash, randomBytes } from 'node:crypto';

/**
 * The id of a command's revocation: of the operator and his Idempotency-Key, so that a repeated command finds its first
 * answer, even after a restart; random without a key. Two operators with one key are two commands.
 */
export function revocationId(actor: string, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return randomBytes(16).toString('hex');
  const parts = [Buffer.byteLength(actor), ':', actor, idempotencyKey];
  return hash('sha256', parts.join(''), 'hex').slice(0, 32);
}

/** Tells whether a repeated command says the same. A digest: the command may hold a raw token. */
export const commandDigest = (body: unknown): string => hash('sha256', JSON.stringify(sorted(body)), 'base64url');

/** Members in one order, since JSON gives theirs no meaning. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}
