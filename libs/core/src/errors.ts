/** Every stable error code of Revocast; docs/errors.md says for each what it means and what to do. */
export type ErrorCode =
  // defect and configuration
  | 'ERR_INVARIANT'
  | 'ERR_CONFIG'
  | 'ERR_LOCAL_FILE'
  // commands
  | 'ERR_REVOCATION_INVALID'
  | 'ERR_SCOPE_UNKNOWN'
  | 'ERR_SCOPE_UNENFORCEABLE'
  | 'ERR_ISSUER_UNKNOWN'
  | 'ERR_CUTOFF_IN_FUTURE'
  | 'ERR_TOKEN_UNVERIFIABLE'
  | 'ERR_REVOCATION_NOT_FOUND'
  | 'ERR_IDEMPOTENCY_MISMATCH'
  | 'ERR_IDEMPOTENCY_IN_FLIGHT'
  | 'ERR_CAPACITY'
  | 'ERR_BODY_TOO_LARGE'
  | 'ERR_CONTENT_TYPE'
  | 'ERR_UNAUTHENTICATED'
  | 'ERR_FORBIDDEN'
  | 'ERR_BODY_MALFORMED'
  | 'ERR_ROUTE_NOT_FOUND'
  | 'ERR_METHOD_NOT_ALLOWED'
  | 'ERR_NODE_NOT_FOUND'
  | 'ERR_NODE_ALIVE'
  | 'ERR_CONDITION_UNHEEDED'
  // log and feed
  | 'ERR_FEED_DISCONNECTED'
  | 'ERR_PUBLISH_UNKNOWN'
  | 'ERR_LOG_UNAVAILABLE'
  | 'ERR_SEQUENCE_GAP'
  | 'ERR_EPOCH_CHANGED'
  | 'ERR_RECORD_UNREADABLE'
  | 'ERR_BOUND_ABOVE_FLEET'
  | 'ERR_IMAGE_CORRUPT'
  | 'ERR_IMAGE_KEY'
  // tokens at the gate
  | 'ERR_TOKEN_MISSING'
  | 'ERR_TOKEN_MALFORMED'
  | 'ERR_TOKEN_ISSUER_UNKNOWN'
  | 'ERR_TOKEN_SIGNATURE'
  | 'ERR_TOKEN_TYPE'
  | 'ERR_TOKEN_AUDIENCE'
  | 'ERR_TOKEN_EXPIRED'
  | 'ERR_TOKEN_NOT_YET_VALID'
  | 'ERR_TOKEN_LIFETIME'
  | 'ERR_TOKEN_CLAIMS'
  | 'ERR_TOKEN_REVOKED'
  | 'ERR_KEYS_UNAVAILABLE'
  | 'ERR_REVOCATION_UNKNOWN';

/** The one error class. `message` names issuer and ids at most, never a token, a secret or free text. */
export class RevocationError extends Error {
  override readonly name = 'RevocationError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}
