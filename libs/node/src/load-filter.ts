import { createBlockedFilter, createBloomFiltersFilter, type FilterFactory, RevocationError } from '@revocast/core';

/** Filters by the name that settings use. */
export const FILTERS = ['blocked', 'bloom-filters'] as const;
export type FilterName = (typeof FILTERS)[number];

/**
 * The filter of that name, for the option `filter`. `bloom-filters` needs the package of that name beside this one,
 * which is imported only then. Throws ERR_CONFIG when it is not installed.
 */
export async function loadFilter(name: FilterName): Promise<FilterFactory> {
  if (name === 'blocked') return createBlockedFilter;
  try {
    return createBloomFiltersFilter(await import('bloom-filters'));
  } catch (cause) {
    throw new RevocationError('ERR_CONFIG', 'filter: install the package bloom-filters, or choose blocked', { cause });
  }
}
