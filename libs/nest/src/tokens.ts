/** Injection tokens of the module; outside it only the testing module replaces what stands behind them. */
export const OPTIONS = Symbol('REVOCATION_OPTIONS');
export const SETTINGS = Symbol('REVOCATION_SETTINGS');
/** How the guard finds who calls; the testing module keeps it. */
export const GUARD_OPTIONS = Symbol('REVOCATION_GUARD_OPTIONS');
