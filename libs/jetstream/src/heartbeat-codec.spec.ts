import { describe, expect, it } from '@jest/globals';
import { epochMs, type Heartbeat, sequence } from '@revocast/core';
import fc from 'fast-check';
import { anyHeartbeat } from '../test/arbitraries.js';
import { decodeHeartbeat, encodeHeartbeat, HEARTBEAT_BYTES_MAX } from './heartbeat-codec.js';

const from = { service: 'payments', instance: 'i1' };
const heartbeat: Heartbeat = {
  node: 'pod-1',
  ...from,
  version: '0.1.0',
  epoch: 'e1',
  watermark: sequence(7),
  identity: 'rec-7',
  state: 'current',
  mode: 'strict',
  stalenessMsMax: 30_000,
  stalenessMs: 12,
  issuers: [
    {
      issuer: 'https://issuer.example',
      scopes: ['token', 'subject'],
      settingsDigest: 'abc',
      tokens: 10,
      seen: { subject: 9 },
    },
  ],
  liveEntries: 3,
  guarded: true,
  at: epochMs(1_700_000_000_000),
};

const changed = (change: object): Uint8Array => new TextEncoder().encode(JSON.stringify({ ...heartbeat, ...change }));

describe('a heartbeat', () => {
  it('is read as it was sent, whatever a node may say', () => {
    fc.assert(
      fc.property(anyHeartbeat, (any) => {
        const read = decodeHeartbeat(encodeHeartbeat(any), any);
        // The order of scopes means nothing.
        const sorted = ({ issuers, ...rest }: Heartbeat): unknown => ({
          ...rest,
          issuers: issuers.map((issuer) => ({ ...issuer, scopes: [...issuer.scopes].sort() })),
        });
        expect(read === undefined ? undefined : sorted(read)).toEqual(sorted(any));
      }),
    );
  });

  it('speaks for the node of its subject only', () => {
    expect(decodeHeartbeat(encodeHeartbeat(heartbeat), from)).toEqual(heartbeat);
    expect(decodeHeartbeat(encodeHeartbeat(heartbeat), { ...from, instance: 'i2' })).toBeUndefined();
    expect(decodeHeartbeat(encodeHeartbeat(heartbeat), { ...from, service: 'orders' })).toBeUndefined();
  });

  it('counts also when its app names no version', () => {
    expect(decodeHeartbeat(changed({ version: '' }), from)).toEqual({ ...heartbeat, version: '' });
  });

  it('of a newer version is read as far as we know it', () => {
    const [issuer] = heartbeat.issuers;
    const newer = {
      region: 'eu',
      issuers: [{ ...issuer, scopes: ['token', 'galaxy', 'subject'], seen: { subject: 9, galaxy: 1 } }],
    };
    expect(decodeHeartbeat(changed(newer), from)).toEqual(heartbeat);
  });

  it.each<[string, object]>([
    ['an unknown state', { state: 'great' }],
    ['an unknown mode', { mode: 'lenient' }],
    ['a watermark that is no sequence', { watermark: -1 }],
    ['a fraction of an entry', { liveEntries: 0.5 }],
    ['no time', { at: 'now' }],
    ['text where a code is due', { because: 'the disk of Alice is full' }],
    ['an issuer that is no object', { issuers: ['x'] }],
    ['issuers that are no list', { issuers: {} }],
    ['a guard that is neither used nor not', { guarded: 'yes' }],
    ['an unknown mode of a route', { routeMode: 'open' }],
    ['a local file that is none', { localFile: true }],
    ['a local file without count', { localFile: { broken: false } }],
    ['a local file that is neither broken nor not', { localFile: { entries: 1 } }],
    ['an unknown override', { localFile: { entries: 0, broken: false, modeOverride: 'open' } }],
    ['a tick at no time', { newestTick: 'now' }],
    ['a node without name', { node: '' }],
    ['more than anybody looks at', { node: 'x'.repeat(HEARTBEAT_BYTES_MAX) }],
  ])('is none with %s', (_, change) => {
    expect(decodeHeartbeat(changed(change), from)).toBeUndefined();
  });

  it.each(['', '{', '[]', 'null', '"x"'])('is none when the payload is %j', (text) => {
    expect(decodeHeartbeat(new TextEncoder().encode(text), from)).toBeUndefined();
  });
});
