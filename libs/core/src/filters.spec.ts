import { describe, expect, it } from '@jest/globals';
import { describeFilter } from '@revocast/testing';
import bloomFilters from 'bloom-filters';
import { blockedRate, createBlockedFilter } from './blocked-filter.js';
import { createBloomFiltersFilter } from './bloom-filters-filter.js';

describeFilter('of ours, in blocks', {
  ...{ describe, it, makeFilter: createBlockedFilter },
  rateInTheory: (held, capacity, falsePositiveRate) => {
    const { bytes } = createBlockedFilter({ capacity, falsePositiveRate });
    return blockedRate(held / (bytes / 64));
  },
});

describeFilter('of the package bloom-filters', {
  ...{ describe, it, makeFilter: createBloomFiltersFilter({ default: bloomFilters }) },
  rateInTheory: (held, capacity, falsePositiveRate) => {
    const bits = Math.ceil((-capacity * Math.log(falsePositiveRate)) / Math.LN2 ** 2);
    const probes = Math.ceil((bits / capacity) * Math.LN2);
    return (1 - Math.exp((-probes * held) / bits)) ** probes;
  },
});

describe('A filter in blocks', () => {
  it.each([0, 1, -1, Number.NaN])('refuses %d as a share of false positives', (falsePositiveRate) => {
    expect(() => createBlockedFilter({ capacity: 10, falsePositiveRate })).toThrow(RangeError);
  });
});
