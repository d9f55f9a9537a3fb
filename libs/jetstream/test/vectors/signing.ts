import { createSigner, publicRecordKey, type RecordSigningKey } from '@revocast/jetstream';

/** For these vectors alone; it signs nothing that a node would believe. Fixed, since Ed25519 then gives the same signatures. */
export const KEY: RecordSigningKey = {
  kty: 'OKP',
  crv: 'Ed25519',
  kid: 'vectors',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
};
export const OTHER_KID: RecordSigningKey = { ...KEY, kid: 'unknown' };
export const KEYS = { keys: [publicRecordKey(KEY)] };
export const NAMESPACE = 'revocast';
export const ISSUER = 'https://login.example/realms/main';

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const sign = (payload: Uint8Array, key = KEY): string => createSigner(key).sign(payload);
