import { describe, expect, it } from '@jest/globals';
import { type IssuerCoverage, type RevocationKey } from '@revocast/core';
import { parseIssuers } from '@revocast/gate';
import { IssuerRegistry } from '../command/issuer-registry.js';
import { type ClaimCoverage, claimCoverage } from './coverage.js';

const ISSUER = 'https://login.example';
const report = (tokens: number, devices: number, issuer = ISSUER): IssuerCoverage => ({
  ...{ issuer, scopes: ['device'], settingsDigest: 'd', tokens, seen: { device: devices } },
});
const coverage = (
  key: RevocationKey,
  reports: readonly IssuerCoverage[],
  require: readonly string[] = [],
): ClaimCoverage => {
  const registry = new IssuerRegistry(parseIssuers([{ issuer: ISSUER, audience: false, require }]));
  return claimCoverage(registry.get(ISSUER), key, reports);
};
const device: RevocationKey = { scope: 'device', deviceId: 'd' };

describe('The coverage of a claim', () => {
  it('sums up what all nodes saw of this issuer', () => {
    const reports = [report(9_000, 400), report(1_000, 12), report(500, 500, 'https://other.example')];
    expect(coverage(device, reports)).toEqual({
      claims: ['device_id'],
      required: false,
      nodes: 2,
      tokens: 10_000,
      seen: 412,
      note: 'device_id: seen in 412 of the last 10000 tokens; tokens without it are not hit.',
    });
  });

  it('warns when no token carries it: this kill may hit nothing', () => {
    expect(coverage(device, [report(100, 0)]).warning).toContain('may hit nothing');
    expect(coverage(device, [report(0, 0)]).warning).toBeUndefined();
  });

  it('is complete where the issuer’s tokens must carry the claim', () => {
    expect(coverage(device, [report(10, 10)], ['device_id'])).toMatchObject({
      required: true,
      note: expect.stringContaining('required'),
    });
  });

  it('warns of a kid that no key in the issuer’s settings has', () => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'k1' };
    const registry = new IssuerRegistry(parseIssuers([{ issuer: ISSUER, audience: false, jwks: { keys: [jwk] } }]));
    const ofKey = (kid: string): ClaimCoverage => claimCoverage(registry.get(ISSUER), { scope: 'key', kid }, []);
    expect(ofKey('k1').warning).toBeUndefined();
    expect(ofKey('K1').warning).toContain('may hit nothing');
    expect(coverage({ scope: 'key', kid: 'k1' }, []).warning).toBeUndefined();
  });

  it('needs no claim for an issuer or a key', () => {
    expect(coverage({ scope: 'issuer' }, [report(10, 0)])).toMatchObject({
      claims: [],
      seen: 10,
      note: expect.any(String),
    });
  });
});
