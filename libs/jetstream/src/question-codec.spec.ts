import { describe, expect, it } from '@jest/globals';
import { epochMs, epochSeconds, type LiveTokensAnswer, type LiveTokensQuestion, sequence } from '@revocast/core';
import { decodeHeartbeat } from './heartbeat-codec.js';
import { createSigner, createVerifier, generateSigningKey, publicRecordKey } from './keys.js';
import { decodeAnswer, decodeQuestion, encodeAnswer, encodeQuestion } from './question-codec.js';
import { decodeRecord } from './record-codec.js';
import { decodeTick } from './tick-codec.js';

const key = generateSigningKey('k1');
const signer = createSigner(key);
const verifier = createVerifier({ keys: [publicRecordKey(key)] });
const question: LiveTokensQuestion = {
  ...{ id: 'q1', time: epochMs(1_700_000_000_000), windowMs: 600_000 },
  revocations: [
    {
      ...{ id: 'preview-0', issuer: 'https://issuer.example', key: { scope: 'subject', sub: 'alice' } },
      ...{ effect: { kind: 'issuedBefore', issuedBefore: epochSeconds(1_700_000_000) }, retainUntil: 'lifted' },
    },
  ],
};

const headersOf = (signature: string) => ({ last: (name: string) => (name === 'Revocast-Signature' ? signature : '') });
const sent = encodeQuestion('revocast', question, signer);
const message = { payload: sent.payload, headers: headersOf(sent.signature), namespace: 'revocast' };

describe('a question about live tokens', () => {
  it('is read as it was sent', () => {
    expect(decodeQuestion(message, verifier)).toEqual(question);
  });

  it('is on the wire what it ever was', () => {
    expect(new TextDecoder().decode(sent.payload)).toBe(
      '{"specversion":"1.0","id":"q1","source":"/revocast/revocast","type":"dev.revocast.tick.v1","time":"2023-11-14T22:13:20.000Z",' +
        '"datacontenttype":"application/json","data":{"namespace":"revocast","epoch":"question","asked":{"windowMs":600000,' +
        '"name":"subject.revoked","data":{"issuer":"https://issuer.example","scope":"subject","revocations":[{"id":"preview-0",' +
        '"sub":"alice","issuedBefore":1700000000,"retainUntil":"lifted"}]}}}}',
    );
  });

  it('is nobody’s but ours: another key, another namespace or a changed byte ask nothing', () => {
    const stranger = createSigner(generateSigningKey('k1')).sign(sent.payload);
    expect(decodeQuestion({ ...message, headers: headersOf(stranger) }, verifier)).toBeUndefined();
    expect(decodeQuestion({ ...message, namespace: 'staging' }, verifier)).toBeUndefined();
    expect(decodeQuestion({ ...message, payload: sent.payload.map((byte) => byte ^ 1) }, verifier)).toBeUndefined();
  });

  it('is no tick, also to a node that knows no questions', () => {
    expect(decodeTick(message, verifier)).toBeUndefined();
  });

  it('revokes nothing and makes nobody doubt an issuer when somebody copies it into the log', () => {
    const { payload, headers } = message;
    for (const expected of [{ namespace: 'revocast' }, { namespace: 'revocast', epoch: 'e1' }]) {
      const decoded = decodeRecord({ payload, headers, sequence: sequence(7), expected }, verifier);
      expect(decoded.kind).toBe('foreign');
    }
  });
});

const from = { service: 'payments', instance: 'i1' };
const answer: LiveTokensAnswer = {
  ...{ ...from, question: 'q1' },
  count: { tokens: 1, machines: 0, atLeast: false, marks: ['0123456789ab'] },
};
const changed = (change: object): Uint8Array => {
  const said = JSON.parse(new TextDecoder().decode(encodeAnswer(answer))) as object;
  return new TextEncoder().encode(JSON.stringify({ ...said, ...change }));
};

describe('the answer of a node', () => {
  it.each([
    [answer],
    [{ ...answer, count: undefined }],
    [{ ...answer, count: { tokens: 900, machines: 3, atLeast: true } }],
    [
      {
        ...answer,
        count: {
          ...{ tokens: 900, machines: 3, atLeast: true, moreMachineClients: 1 },
          machineClients: [
            { clientId: 'batch 🔑', tokens: 1, marks: ['0123456789ab'] },
            { clientId: 'cron', tokens: 1 },
          ],
          excepted: [{ tokens: 0, marks: [] }, { tokens: 70 }],
        },
      },
    ],
  ])('is read as it was sent: %j', (any) => {
    expect(decodeAnswer(encodeAnswer(any), from)).toEqual(any);
  });

  const clients = (count: number) => Array.from({ length: count }, (_, at) => ({ clientId: `c${at}`, tokens: 1 }));
  it.each([
    [{ machineClients: clients(21) }],
    [{ machineClients: [{ clientId: 'x'.repeat(129), tokens: 1 }] }],
    [{ machineClients: [{ clientId: '', tokens: 1 }] }],
    [{ machineClients: [{ clientId: 'a', tokens: 2, marks: ['0123456789ab'] }] }],
    [{ machineClients: 'a' }],
    [{ moreMachineClients: -1 }],
    [{ excepted: Array.from({ length: 65 }, () => ({ tokens: 1 })) }],
    [{ excepted: [{ tokens: 1, marks: ['x'] }] }],
    [{ excepted: [1] }],
  ])('is not read with clients told otherwise than nodes tell them: %j', (more) => {
    expect(decodeAnswer(changed({ count: { ...answer.count, ...more } }), from)).toBeUndefined();
  });

  it('speaks for the node of its subject only, and is no heartbeat', () => {
    expect(decodeAnswer(encodeAnswer(answer), { ...from, instance: 'i2' })).toBeUndefined();
    expect(decodeHeartbeat(encodeAnswer(answer), from)).toBeUndefined();
  });

  it.each<[string, object]>([
    ['more marks than tokens', { count: { ...answer.count, tokens: 0 } }],
    ['a mark that is none', { count: { ...answer.count, marks: ['alice'] } }],
    ['more machines than tokens', { count: { ...answer.count, machines: 2 } }],
    ['a count below zero', { count: { ...answer.count, machines: -1 } }],
    ['no question', { question: 'a b' }],
    ['no count', { count: 7 }],
  ])('is none with %s', (_, change) => {
    expect(decodeAnswer(changed(change), from)).toBeUndefined();
  });
});
