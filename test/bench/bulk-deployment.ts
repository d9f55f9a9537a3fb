import { randomBytes } from 'node:crypto';
import { generateSigningKey, publicRecordKey } from '@revocast/jetstream';

/** Keys of one measured deployment. */
export interface Deployment {
  readonly namespace: string;
  readonly signingKey: string;
  readonly hashKey: string;
  readonly recordKeys: string;
  readonly tokenSecret: string;
}

export function makeDeployment(): Deployment {
  const key = generateSigningKey('bench');
  return {
    namespace: 'revocast',
    signingKey: JSON.stringify(key),
    hashKey: randomBytes(16).toString('hex'),
    recordKeys: JSON.stringify({ keys: [publicRecordKey(key)] }),
    tokenSecret: randomBytes(48).toString('base64'),
  };
}
