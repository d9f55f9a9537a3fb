import { ProblemError } from './problem.js';

/** What a client prefers about waiting (RFC 7240). */
export interface Preference {
  /** How long the answer may wait for enforcement. Seconds. */
  readonly waitSeconds: number;
  /** Value of `Preference-Applied` (section 3); undefined when the client asked for nothing that we know. */
  readonly applied: string | undefined;
}

export const WAIT_SECONDS_DEFAULT = 2;
export const WAIT_SECONDS_MAX = 60;

/** Unknown and malformed preferences are ignored, as section 2 asks; a longer wait than the longest becomes the longest. */
export function readPreference(header: string | readonly string[] | undefined): Preference {
  const preferences = [header ?? []].flat().flatMap((value) => value.split(','));
  const names = preferences.map((preference) => (preference.split(';')[0] ?? '').trim().toLowerCase());
  // Section 4.3: `wait` limits a synchronous answer, so `respond-async` alone means no wait at all.
  const wait = names.map((name) => /^wait\s*=\s*"?(\d{1,6})"?$/.exec(name)?.[1]).find((value) => value !== undefined);
  if (wait !== undefined) {
    const waitSeconds = Math.min(WAIT_SECONDS_MAX, Number(wait));
    return { waitSeconds, applied: `wait=${waitSeconds}` };
  }
  return names.includes('respond-async')
    ? { waitSeconds: 0, applied: 'respond-async' }
    : { waitSeconds: WAIT_SECONDS_DEFAULT, applied: undefined };
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** Throws a 400: a key that we changed or cut would find another command's answer. */
export function readIdempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  return header === undefined ? undefined : idempotencyKeyOf(header);
}

/** The same for one from elsewhere. */
export function idempotencyKeyOf(key: unknown): string {
  if (typeof key === 'string' && IDEMPOTENCY_KEY.test(key)) return key;
  throw new ProblemError('ERR_REVOCATION_INVALID', 'Idempotency-Key is to be 1 to 255 visible ASCII characters, once.');
}
