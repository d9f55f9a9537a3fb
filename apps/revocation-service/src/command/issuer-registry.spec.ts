import { describe, expect, it } from '@jest/globals';
import { settingsDigest } from '@revocast/core';
import { issuerSettings, parseIssuers } from '@revocast/gate';
import { IssuerRegistry } from './issuer-registry.js';

const PATTERN = 'https://id.example/realms/{realm}';
const ACME = 'https://id.example/realms/acme';
const SINGLE = 'https://id.example/realms/single';

const configs = parseIssuers([
  { issuer: PATTERN, allow: { realm: ['acme', 'single'] }, audience: 'orders', maxLifetimeSeconds: 600 },
  { issuer: SINGLE, audience: 'orders', maxLifetimeSeconds: 60 },
]);

describe('Issuers of a pattern at the service', () => {
  const registry = new IssuerRegistry(configs);

  it('are named by themselves in commands, and by their pattern towards the log and the nodes', () => {
    const { config, settings, declaredAs } = registry.get(ACME);
    expect([config.issuer, settings.issuer, declaredAs.issuer]).toEqual([ACME, ACME, PATTERN]);
    expect(settings.maxLifetimeSeconds).toBe(600);
    // What nodes compare with: the digest of the pattern's settings, the same for each of its issuers.
    const [pattern] = configs;
    expect(pattern && settingsDigest(issuerSettings(pattern))).toBe(settingsDigest(declaredAs));
  });

  it('count as one in what is declared', () => {
    expect(registry.all().map(({ settings }) => settings.issuer)).toEqual([PATTERN, SINGLE]);
  });

  it('are known only as far as the rule allows', () => {
    expect(registry.find('https://id.example/realms/other')).toBeUndefined();
    expect(registry.find('https://id.example.evil.example/realms/acme')).toBeUndefined();
  });

  it('give way to a single issuer of the name', () => {
    const { settings, declaredAs } = registry.get(SINGLE);
    expect(settings).toMatchObject({ issuer: SINGLE, maxLifetimeSeconds: 60 });
    expect(declaredAs).toBe(settings);
  });

  it('are not revoked by their pattern: no token has it in iss', () => {
    expect(() => registry.get(PATTERN)).toThrow(/Name one issuer/);
  });

  it('follow a reload', () => {
    const changing = new IssuerRegistry(configs);
    changing.replace(parseIssuers([{ issuer: PATTERN, allow: { realm: ['other'] }, audience: 'orders' }]));
    expect(changing.find(ACME)).toBeUndefined();
    expect(changing.find('https://id.example/realms/other')?.declaredAs.issuer).toBe(PATTERN);
  });
});
