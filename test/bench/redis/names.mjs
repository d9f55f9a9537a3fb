// What those who revoke and those who check agree on, in the patterns with Redis.
export const PREFIX = 'blacklist:';
export const CHANNEL = 'revocations';
