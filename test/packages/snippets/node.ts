import { readFileSync } from 'node:fs';
import { createJetStreamFeed, createVerifier, natsSettingsFrom } from '@revocast/jetstream';
import { createRevocationNode, keycloak } from '@revocast/node';

const verifier = createVerifier(JSON.parse(readFileSync('record-keys.json', 'utf8')));
const nats = natsSettingsFrom(process.env);

export const node = createRevocationNode({
  feed: (identity) => createJetStreamFeed({ nats, verifier, namespace: 'revocast', ...identity }),
  issuers: [keycloak({ issuer: 'https://id.example/realms/shop', audience: 'orders' })],
  mode: 'strict',
  service: 'orders',
});
