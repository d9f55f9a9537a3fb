import { describe, expect, it } from '@jest/globals';
import { epochMs, type Heartbeat, sequence, settingsDigest } from '@revocast/core';
import { issuerSettings, parseIssuers } from '@revocast/gate';
import { ManualTime } from '@revocast/testing';
import { IssuerRegistry } from '../command/issuer-registry.js';
import { Fleet } from './fleet.js';

const aHeartbeat: Heartbeat = {
  ...{ node: 'node-1', instance: 'i1', service: 'payments', version: '1.0.0', epoch: 'e1', identity: 'r1' },
  ...{ watermark: sequence(1), state: 'current', mode: 'strict', stalenessMsMax: 300_000, stalenessMs: 0 },
  ...{ issuers: [], liveEntries: 0, guarded: true, at: epochMs(0) },
};

describe('The fleet of a service', () => {
  const aFleet = (time: ManualTime, looked: () => void): Fleet => {
    const fleet = new Fleet({
      ...{ fleetBoundMs: 300_000, expected: {}, expectedIsExact: false, issuers: new IssuerRegistry([]) },
      ...{ clock: time, schedule: time.schedule, reference: () => ({}) },
      identityAt: () => undefined,
      hasLostRecords: () => false,
    });
    fleet.onChange(looked);
    return fleet;
  };

  it('is looked at soon after a heartbeat', async () => {
    const time = new ManualTime();
    let looks = 0;
    aFleet(time, () => (looks += 1)).heard(aHeartbeat);
    await time.advance(10_000);
    expect(looks).toBe(1);
  });

  it('is not looked at any more once it is closed: the journal is closed next', async () => {
    const time = new ManualTime();
    let looks = 0;
    const fleet = aFleet(time, () => (looks += 1));
    fleet.start();
    fleet.heard(aHeartbeat);
    fleet.close();
    fleet.heard(aHeartbeat);
    await time.advance(10_000);
    expect(looks).toBe(0);
  });

  it('counts a node that reports a pattern with the same settings for each issuer of it', () => {
    const time = new ManualTime();
    const [issuer, family] = ['https://id.example/realms/acme', 'https://id.example/realms/{realm}'];
    const issuers = parseIssuers([{ issuer: family, allow: 'any', audience: 'orders' }]);
    const fleet = new Fleet({
      ...{ fleetBoundMs: 300_000, expected: { payments: 1 }, expectedIsExact: true },
      ...{ clock: time, schedule: time.schedule, reference: () => ({}), issuers: new IssuerRegistry(issuers) },
      identityAt: () => 'r1',
      hasLostRecords: () => false,
    });
    const digests = issuers.map((config) => settingsDigest(issuerSettings(config)));
    const reporting = (named: string): Heartbeat => ({
      ...aHeartbeat,
      issuers: [{ issuer: named, scopes: ['subject'], settingsDigest: digests[0] ?? '', tokens: 0, seen: {} }],
    });
    const carrier = { epoch: 'e1', sequence: sequence(1), ackedAt: epochMs(time.wall()), proof: undefined };
    fleet.hears(true);
    fleet.heard(reporting(issuer));
    expect(fleet.propagation({ issuer, scope: 'subject', carrier })?.notCounted).toMatchObject([{ why: 'issuer' }]);
    fleet.heard(reporting(family));
    expect(fleet.propagation({ issuer, scope: 'subject', carrier })).toMatchObject({ applied: 1, notCounted: [] });
  });
});
