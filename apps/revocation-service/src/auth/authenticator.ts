import { type Clock, RevocationError, type RevocationSource } from '@revocast/core';
import { bearerToken, type TokenVerifier } from '@revocast/gate';
import { type ApiKey } from '../settings/api-keys.js';
import { operatorOfKey } from './api-keys.js';
import { type Operator } from './operator.js';
import { operatorOfToken } from './operator-tokens.js';

export interface AuthenticatorOptions {
  readonly apiKeys: readonly ApiKey[];
  /** Undefined when no operator issuer is configured. */
  readonly verifier: TokenVerifier | undefined;
  readonly source: Pick<RevocationSource, 'find'>;
  readonly clock: Clock;
}

/** Longer ones are neither hashed nor parsed. */
const CREDENTIALS_CHARACTERS_MAX = 16_384;

/** Turns an Authorization header into an operator. */
export class Authenticator {
  constructor(private readonly options: AuthenticatorOptions) {}

  /** Throws ERR_UNAUTHENTICATED, or ERR_KEYS_UNAVAILABLE when nobody can tell now. */
  async operatorOf(header: string | readonly string[] | undefined): Promise<Operator> {
    const credentials = bearerToken(header);
    const secret = credentials.outcome === 'read' ? credentials.token : undefined;
    if (secret === undefined || secret.length > CREDENTIALS_CHARACTERS_MAX) throw unauthenticated();
    const { apiKeys, clock } = this.options;
    const operator = operatorOfKey(apiKeys, secret, clock.wall()) ?? (await this.#ofToken(secret));
    if (operator === undefined) throw unauthenticated();
    return operator;
  }

  async #ofToken(token: string): Promise<Operator | undefined> {
    const { verifier, source } = this.options;
    if (verifier === undefined) return undefined;
    try {
      return await operatorOfToken(verifier, source, token);
    } catch (error) {
      if (error instanceof RevocationError && error.code.startsWith('ERR_TOKEN')) return undefined;
      throw error;
    }
  }
}

const unauthenticated = (): RevocationError =>
  new RevocationError('ERR_UNAUTHENTICATED', 'This needs an API key or an operator token as bearer credentials.');
