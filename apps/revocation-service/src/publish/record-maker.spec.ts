import { describe, expect, it } from '@jest/globals';
import { type Condition, epochMs, epochSeconds, type FeedRecord, monotonicMs, sequence } from '@revocast/core';
import { createSigner, createVerifier, decodeRecord, generateSigningKey, publicRecordKey } from '@revocast/jetstream';
import { type PublishableRevocation } from '../journal/entries.js';
import { type PackedRecord, RecordMaker } from './record-maker.js';

const KEY = generateSigningKey('k');
const VERIFIER = createVerifier({ keys: [publicRecordKey(KEY)] });
const clock = { wall: () => epochMs(1_790_000_000_000), monotonic: () => monotonicMs(0) };
const maker = new RecordMaker({ namespace: 'revocast', signer: createSigner(KEY), clock });

const WAVES: Condition = { spread: { from: epochSeconds(1_000), until: epochSeconds(1_600) } };
const EXCEPT: Condition = { exceptClients: ['batch'] };

const entry = (id: string, parts: Partial<PublishableRevocation> = {}): PublishableRevocation => ({
  ...{ id, issuer: 'https://login.example', key: { scope: 'issuer' }, effect: { kind: 'suspended' } },
  ...{ retainUntil: 'lifted', supersedes: [] },
  ...parts,
});

const read = ({ record: { encoded } }: PackedRecord): FeedRecord => {
  const headers = { last: () => encoded.signature };
  const expected = { namespace: 'revocast', epoch: 'e1' };
  return decodeRecord({ payload: encoded.payload, headers, sequence: sequence(1), expected }, VERIFIER);
};
const conditionsIn = (packed: PackedRecord): readonly (Condition | undefined)[] => {
  const record = read(packed);
  if (record.kind !== 'record' || record.body.kind !== 'revoked') throw new Error(`reads as ${record.kind}`);
  return record.body.revocations.map(({ condition }) => condition);
};

describe('Records for revocations', () => {
  it('carry their conditions, those with waves apart from all others, whose proof must not wait for them', () => {
    const entries = [entry('a', { condition: EXCEPT }), entry('b', { condition: WAVES }), entry('c')];
    const packed = maker.packRevocations(entries, 'e1');
    expect(packed.map(({ record, ids }) => [ids, record.partial])).toEqual([
      [['a', 'c'], false],
      [['b'], true],
    ]);
    expect(packed.map(conditionsIn)).toEqual([[EXCEPT, undefined], [WAVES]]);
  });

  it('carry no condition that has ended, when they are written again', () => {
    const ended = { conditionEndedAt: epochMs(1) };
    const entries = [entry('a', { condition: WAVES, ...ended }), entry('b', { condition: EXCEPT, ...ended })];
    const packed = maker.packRevocations(entries, 'e1');
    expect(packed.map(({ record }) => record.partial)).toEqual([false]);
    expect(packed.map(conditionsIn)).toEqual([[undefined, undefined]]);
  });
});
