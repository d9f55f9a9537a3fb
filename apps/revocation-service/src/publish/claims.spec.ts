import { beforeEach, describe, expect, it } from '@jest/globals';
import { sequence } from '@revocast/core';
import { Claims } from './claims.js';

const at = (number: number, duplicate = false): { sequence: ReturnType<typeof sequence>; duplicate: boolean } => ({
  ...{ sequence: sequence(number), duplicate },
});

describe('What nodes claim to have read', () => {
  let claims: Claims;
  let disowned: (readonly [string, number])[];

  beforeEach(() => {
    [claims, disowned] = [new Claims(), []];
    claims.onDisowned((epoch, upTo) => disowned.push([epoch, upTo]));
  });
  const hear = (epoch: string | undefined, watermark: number): void =>
    claims.heard({ epoch, watermark: sequence(watermark) });

  it('takes acknowledgements off a record that stands where a node had read another one before it was sent', () => {
    hear('e1', 4);
    const before = claims.of('e1');
    expect(claims.stored('e1', at(3), before)).toBe(true);
    expect(disowned).toEqual([['e1', 3]]);
  });

  it('is content with a record above all claims, with one that the log had before, and with what was claimed later', () => {
    hear('e1', 4);
    const before = claims.of('e1');
    hear('e1', 9);
    expect([claims.stored('e1', at(5), before), claims.stored('e1', at(2, true), before)]).toEqual([false, false]);
    expect(disowned).toEqual([]);
  });

  it('knows the highest of one epoch, and nothing of another', () => {
    hear('e1', 4);
    hear('e1', 2);
    hear(undefined, 7);
    expect([claims.of('e1'), claims.of('e2')]).toEqual([4, 0]);
    hear('e2', 1);
    expect([claims.of('e1'), claims.of('e2')]).toEqual([0, 1]);
  });
});
