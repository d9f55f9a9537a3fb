import { describe, expect, it } from '@jest/globals';
import { anIssuer } from '@revocast/testing';
import { DeclaredSettings } from './declared-settings.js';
import { DECLARED_ISSUERS_MAX } from './follower-limits.js';
import { type IssuerSettings } from './issuer-settings.js';
import { settingsWeaknesses } from './settings.js';

const OWN = anIssuer({ maxLifetimeSeconds: 3_600 });
const STRICTER = anIssuer({ maxLifetimeSeconds: 60 });

const withOwn = (...own: readonly IssuerSettings[]): DeclaredSettings => {
  const settings = new DeclaredSettings(settingsWeaknesses);
  settings.replaceOwn(own);
  return settings;
};

describe('Declared settings', () => {
  it('are those of the highest version, in whatever order they come', () => {
    const first = { epoch: 'epoch-1', version: 1, settings: STRICTER };
    const second = { epoch: 'epoch-1', version: 2, settings: OWN };
    for (const order of [
      [first, second],
      [second, first],
    ]) {
      const declared = withOwn(OWN);
      for (const declaration of order) declared.declare(declaration);
      expect(declared.isWeaker(OWN.issuer)).toBe(false);
      expect(declared.ofOwn()).toEqual([OWN]);
    }
  });

  it('count from the first version again in a new epoch', () => {
    const declared = withOwn(OWN);
    declared.declare({ epoch: 'epoch-1', version: 7, settings: OWN });
    declared.declare({ epoch: 'epoch-2', version: 1, settings: STRICTER });
    expect(declared.isWeaker(OWN.issuer)).toBe(true);
  });

  it('are not needed for an issuer that nobody declared', () => {
    const declared = withOwn(OWN);
    declared.declare({ epoch: 'epoch-1', version: 1, settings: { ...STRICTER, issuer: 'https://other.example' } });
    expect(declared.isWeaker(OWN.issuer)).toBe(false);
    expect(declared.ofOwn()).toEqual([]);
  });

  it('count as stricter than ours when there was no room for them', () => {
    const declared = withOwn(OWN);
    for (let at = 0; at < DECLARED_ISSUERS_MAX; at += 1) {
      declared.declare({ epoch: 'epoch-1', version: 1, settings: { ...OWN, issuer: `https://${at}.example` } });
    }
    expect(declared.isWeaker(OWN.issuer)).toBe(false);
    declared.declare({ epoch: 'epoch-1', version: 1, settings: OWN });
    expect(declared.isWeaker(OWN.issuer)).toBe(true);
  });

  it('of a pattern hold for each of its issuers, and those of one issuer for that one', () => {
    const [family, issuer] = ['https://id.example/{tenant}', 'https://id.example/acme'];
    const declared = withOwn({ ...OWN, issuer: family });
    expect(declared.isWeaker(issuer, family)).toBe(false);
    declared.declare({ epoch: 'epoch-1', version: 1, settings: { ...STRICTER, issuer } });
    expect(declared.isWeaker(issuer, family)).toBe(true);
    expect(declared.isWeaker('https://id.example/other', family)).toBe(false);
    declared.declare({ epoch: 'epoch-1', version: 1, settings: { ...STRICTER, issuer: family } });
    expect(declared.isWeaker('https://id.example/other', family)).toBe(true);
    // Asked about by its own name alone, as before there were patterns, it would pass for trusted.
    expect(declared.isWeaker('https://id.example/other')).toBe(false);
  });
});
