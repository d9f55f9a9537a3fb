import { readFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { createJetStreamFeed, createVerifier, natsSettingsFrom } from '@revocast/jetstream';
import { keycloak, RevocationGuard, RevocationModule, type NodeIdentity } from '@revocast/nest';

const verifier = () => createVerifier(JSON.parse(readFileSync('record-keys.json', 'utf8')));
const nats = () => ({ nats: natsSettingsFrom(process.env), namespace: 'revocast', verifier: verifier() });
const feed = (node: NodeIdentity) => createJetStreamFeed({ ...nats(), ...node });
const issuers = [keycloak({ issuer: 'https://id.example/realms/shop', audience: 'orders' })];

@Module({
  imports: [RevocationModule.forRoot({ feed, issuers, mode: 'strict', service: 'orders' })],
  providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
})
export class AppModule {}
