/**
 * What stands in front of the exact set: "surely not" ends a check, anything else asks the set, which alone decides.
 * A filter sees two words of a keyed hash and never a key: it needs no hashing of its own, and nobody outside can aim at it.
 */
export interface Filter {
  add(h0: number, h1: number): void;
  /** Never false for what was added; rarely true for anything else, while no more than `capacity` were added. Allocates nothing. */
  mightContain(h0: number, h1: number): boolean;
  /** Hashes that it has room for at the share of false positives it was made for. */
  readonly capacity: number;
  readonly bytes: number;
}

/** Makes an empty filter for `capacity` hashes. Filters cannot forget: a new one is made and filled when one is outgrown or mostly stale. */
export type FilterFactory = (options: FilterOptions) => Filter;

export interface FilterOptions {
  readonly capacity: number;
  /** Share of foreign hashes that may pass, above 0 and below 1. */
  readonly falsePositiveRate: number;
}

/** Each false positive costs one look-up in the exact set, never an answer. */
export const FALSE_POSITIVE_RATE_DEFAULT = 0.001;
