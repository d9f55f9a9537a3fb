import {
  enforceableScopes,
  factsFrom,
  RevocationError,
  type ClaimNames,
  type EpochMs,
  type IssuerSettings,
  type Scope,
  type TokenFacts,
  type Verdict,
} from '@revocast/core';
import { type TokenClaims } from './answer.js';
import { type IssuerConfig } from './issuer-config.js';
import { issuerSettings } from './issuers.js';

/** How much of a token another guard left to look at. */
export interface ClaimsPolicy {
  /**
   * True: the claims are all that the token has, so that one that is missing is missing in the token. Default false: it may
   * have been dropped on the way, and while a revocation asks for it the verdict is `unknown`.
   */
  readonly whole?: boolean;
}

const FIELDS = {
  tokenId: 'jti',
  session: 'sid',
  subject: 'sub',
  client: 'clientId',
  device: 'deviceId',
} as const satisfies Partial<Record<keyof ClaimNames, keyof TokenFacts>>;
type KeyClaim = keyof typeof FIELDS;
const KEY_CLAIMS = Object.keys(FIELDS) as readonly KeyClaim[];

const claimNames = ({ claims }: IssuerSettings, claim: KeyClaim): readonly string[] => claims[claim] ?? [];

/** What was asked for and not seen, since it was last looked at. */
class Unseen {
  #asked = false;

  ask(): undefined {
    this.#asked = true;
    return undefined;
  }

  wasAsked(): boolean {
    const asked = this.#asked;
    this.#asked = false;
    return asked;
  }
}

const unseenOf = new WeakMap<TokenFacts, Unseen>();

/**
 * Facts of claims that another guard verified; undefined when they cannot be read as those of a token. Which key signed it, and
 * its bytes, are not in them. The index asks for a field only while a revocation of that kind is live, so a
 * field that is not seen notes that it was asked for: read as "not there" it would let the token pass such a revocation.
 */
export function claimedFacts(
  claims: TokenClaims,
  config: IssuerConfig,
  { whole = false }: ClaimsPolicy,
  now: EpochMs,
): TokenFacts | undefined {
  const unseen = new Unseen();
  const settings = issuerSettings(config);
  const facts = readFacts(claims, settings, now);
  if (facts === undefined) return undefined;
  const dropped = whole ? [] : KEY_CLAIMS.filter((claim) => facts[FIELDS[claim]] === undefined);
  const missing = dropped.filter((claim) => claimNames(settings, claim).length > 0).map((claim) => FIELDS[claim]);
  const seen: TokenFacts = {
    ...facts,
    ...(config.family !== undefined && { family: config.family }),
    // A token that has an id is named by it: the service takes the hash only for one that has none.
    signingInputHash: () => {
      if (facts.jti === undefined) unseen.ask();
      return '';
    },
  };
  for (const name of ['kid', 'thumbprint', ...missing]) Object.defineProperty(seen, name, { get: () => unseen.ask() });
  unseenOf.set(seen, unseen);
  return seen;
}

function readFacts(claims: TokenClaims, settings: IssuerSettings, now: EpochMs): TokenFacts | undefined {
  try {
    return factsFrom({ ...claims, iss: settings.issuer }, settings, {}, () => '', now);
  } catch (error) {
    if (error instanceof RevocationError) return undefined;
    throw error;
  }
}

export const NOT_COVERED = { kind: 'unknown', because: 'notCovered', everCurrent: false } as const satisfies Verdict;

/** The verdict of `decide`, unless it would rest on something that was not seen. A hit stands whatever was not. */
export function decideSeen(facts: TokenFacts, decide: () => Verdict): Verdict {
  const unseen = unseenOf.get(facts);
  if (unseen === undefined) return decide();
  // Whoever read them before, such as a list of live connections, did not ask for a verdict.
  unseen.wasAsked();
  const verdict = decide();
  // Nor does an earlier state help: nothing of what was not seen was ever known.
  return unseen.wasAsked() && verdict.kind !== 'revoked' ? NOT_COVERED : verdict;
}

/** The scopes that are enforced on every token of which claims alone are seen. */
export function claimScopes(settings: IssuerSettings, { whole = false }: ClaimsPolicy): Scope[] {
  const isRequired = (claim: KeyClaim): boolean =>
    claimNames(settings, claim).some((name) => settings.require.includes(name));
  const isCertain = (claim: KeyClaim): boolean => whole || isRequired(claim);
  const certain: Readonly<Record<Scope, boolean>> = {
    token: isRequired('tokenId'),
    session: isCertain('session'),
    subject: isCertain('subject'),
    client: isCertain('client'),
    grant: isCertain('subject') && isCertain('client'),
    device: isCertain('device'),
    issuer: true,
    key: false,
  };
  return enforceableScopes(settings).filter((scope) => certain[scope]);
}
