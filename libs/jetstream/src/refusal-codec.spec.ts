import { describe, expect, it } from '@jest/globals';
import { epochMs } from '@revocast/core';
import fc from 'fast-check';
import { anyRefusalReport } from '../test/arbitraries.js';
import { decodeHeartbeat } from './heartbeat-codec.js';
import { decodeRefusalReport, encodeRefusalReport } from './refusal-codec.js';

const from = { service: 'payments', instance: 'i1' };
const count = { id: '0123456789abcdef0123456789abcdef', run: 3, refused: 17, lastAt: epochMs(1_700_000_000_000) };
const report = { ...from, counts: [count], dropped: 0 };

const changed = (change: object): Uint8Array => {
  const said = JSON.parse(new TextDecoder().decode(encodeRefusalReport(report))) as object;
  return new TextEncoder().encode(JSON.stringify({ ...said, ...change }));
};

describe('a report of refusals', () => {
  it('is read as it was sent, whatever a node may say', () => {
    fc.assert(
      fc.property(anyRefusalReport, (any) => {
        expect(decodeRefusalReport(encodeRefusalReport(any), any)).toEqual(any);
      }),
    );
  });

  it('is on the wire what it ever was', () => {
    const text =
      '{"service":"payments","instance":"i1","refusals":[{"id":"0123456789abcdef0123456789abcdef","run":3,"refused":17,"lastAt":1700000000000}],"dropped":0}';
    expect(new TextDecoder().decode(encodeRefusalReport(report))).toBe(text);
  });

  it('speaks for the node of its subject only', () => {
    expect(decodeRefusalReport(encodeRefusalReport(report), { ...from, service: 'orders' })).toBeUndefined();
    expect(decodeRefusalReport(encodeRefusalReport(report), { ...from, instance: 'i2' })).toBeUndefined();
  });

  it('is passed over by a service that knows heartbeats alone', () => {
    expect(decodeHeartbeat(encodeRefusalReport(report), from)).toBeUndefined();
  });

  it('of a newer version is read as far as we know it', () => {
    expect(decodeRefusalReport(changed({ refusals: [{ ...count, why: 'later' }], more: 1 }), from)).toEqual(report);
  });

  it.each<[string, object]>([
    ['a count below zero', { refusals: [{ ...count, refused: -1 }] }],
    ['a fraction', { refusals: [{ ...count, refused: 0.5 }] }],
    ['text where an id is due', { refusals: [{ ...count, id: 'Alice Smith' }] }],
    ['no list', { refusals: {} }],
    ['no time', { refusals: [{ ...count, lastAt: 'now' }] }],
    ['nothing of what was dropped', { dropped: undefined }],
    ['more than anybody looks at', { more: 'x'.repeat(65_536) }],
  ])('is none with %s', (_, change) => {
    expect(decodeRefusalReport(changed(change), from)).toBeUndefined();
  });
});
