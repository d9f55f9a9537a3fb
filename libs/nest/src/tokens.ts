/** Injection tokens of the module; outside it only the testing module replaces what stands behind them. */
export const OPTIONS = Symbol('REVOCATION_OPTIONS');
export const SETTINGS = Symbol('REVOCATION_SETTINGS');
