/** Injection tokens of what has no class. */
export const CLOCK = Symbol('clock');
export const FOLLOWER = Symbol('follower');
