import { describe, expect, it } from '@jest/globals';
import { epochMs, sequence } from '@revocast/core';
import { decodeInstanceNotice, encodeInstanceNotice } from './instance-codec.js';
import { createSigner, createVerifier, generateSigningKey, publicRecordKey } from './keys.js';
import { type InstanceNotice } from './publisher.js';

const key = generateSigningKey('k1');
const verifier = createVerifier({ keys: [publicRecordKey(key)] });
const notice: InstanceNotice = {
  ...{ id: 'n1', time: epochMs(1_700_000_000_000), instance: 'i1', epoch: 'e1', phase: 'open' },
  watermark: sequence(7),
};
const read = (sent: InstanceNotice, namespace = 'revocast'): InstanceNotice | undefined => {
  const { payload, signature } = encodeInstanceNotice('revocast', sent, createSigner(key));
  return decodeInstanceNotice({ payload, headers: { last: () => signature }, namespace }, verifier);
};

describe('what an instance of the service says', () => {
  it.each<[InstanceNotice]>([
    [notice],
    [{ ...notice, epoch: undefined }],
    // Absent in what older instances say.
    [{ ...notice, heedsConditions: true }],
  ])('is read as it was sent: %j', (sent) => {
    expect(read(sent)).toEqual(sent);
  });

  it('is nothing in another namespace', () => {
    expect(read(notice, 'staging')).toBeUndefined();
  });
});
