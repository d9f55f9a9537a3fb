declare const unit: unique symbol;

/** Whole or fractional seconds since 1970-01-01T00:00:00Z: the unit of JWT dates (RFC 7519 section 2, NumericDate). */
export type EpochSeconds = number & { readonly [unit]: 'seconds' };
/** Milliseconds since 1970-01-01T00:00:00Z: the unit of our wall clocks. */
export type EpochMs = number & { readonly [unit]: 'ms' };
/** Milliseconds of a clock that never steps back and has no meaning outside its process. */
export type MonotonicMs = number & { readonly [unit]: 'monotonicMs' };
/** A record's number in its log; the first record of a log has 1, and 0 stands before it. */
export type Sequence = number & { readonly [unit]: 'sequence' };

export const epochSeconds = (value: number): EpochSeconds => value as EpochSeconds;
export const epochMs = (value: number): EpochMs => value as EpochMs;
export const monotonicMs = (value: number): MonotonicMs => value as MonotonicMs;
export const sequence = (value: number): Sequence => value as Sequence;

/** Where nothing has been applied yet. */
export const BEFORE_FIRST: Sequence = sequence(0);
