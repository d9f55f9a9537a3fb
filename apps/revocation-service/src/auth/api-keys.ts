import { createHash, timingSafeEqual } from 'node:crypto';
import { type ApiKey } from '../settings/api-keys.js';
import { type Operator } from './operator.js';

/** The operator whose key this is. All keys are compared, always: the time taken tells nothing about any of them. */
export function operatorOfKey(keys: readonly ApiKey[], secret: string, now: number): Operator | undefined {
  const digest = createHash('sha256').update(secret).digest();
  const matching = keys.filter((key) => timingSafeEqual(key.sha256, digest));
  const valid = matching.find((key) => key.expiresAt === undefined || now < key.expiresAt);
  return (
    valid && {
      name: valid.name,
      verbs: valid.verbs,
      issuers: valid.issuers,
      scopes: valid.scopes,
      expiresAt: valid.expiresAt,
    }
  );
}
