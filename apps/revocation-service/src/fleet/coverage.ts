import { type IssuerCoverage, type RevocationKey } from '@revocast/core';
import { type KnownIssuer } from '../command/issuer-registry.js';
import { claimsOf } from '../command/reach.js';

/** How many tokens really carry what a revocation is compared with, as the nodes report it. */
export interface ClaimCoverage {
  /** The mapped claims, one entry per field of the key. */
  readonly claims: readonly string[];
  /** Whether tokens without them are refused anyway. */
  readonly required: boolean;
  /** Nodes that report this issuer. */
  readonly nodes: number;
  /** Tokens they verified lately, and how many of them carried the claims. */
  readonly tokens: number;
  readonly seen: number;
  readonly note: string;
  /** Set when this kill may hit nothing. */
  readonly warning?: string;
}

/** Sums up what all nodes saw lately. Claims that no field is compared with (issuer, key) are always covered. */
export function claimCoverage(
  issuer: KnownIssuer,
  key: RevocationKey,
  reports: readonly IssuerCoverage[],
): ClaimCoverage {
  const own = reports.filter((report) => report.issuer === issuer.declaredAs.issuer);
  const tokens = own.reduce((sum, report) => sum + report.tokens, 0);
  const compared = claimsOf(issuer, key);
  const seen = compared.length === 0 ? tokens : own.reduce((sum, report) => sum + (report.seen[key.scope] ?? 0), 0);
  const claims = compared.map((names) => names.join(' or '));
  // A field is required if the claim that counts for it is: with several names any of them may be the one missing.
  const required = compared.every(
    (names) => names.length === 1 && names.every((name) => issuer.settings.require.includes(name)),
  );
  const facts = { claims, required, nodes: own.length, tokens, seen };
  return { ...facts, ...wording(facts), ...unknownKey(issuer, key) };
}

/** A mistyped kid kills nothing, and nothing else would tell. Only keys in the settings can be compared without asking the network. */
function unknownKey({ config }: KnownIssuer, key: RevocationKey): Pick<ClaimCoverage, 'warning'> {
  if (key.scope !== 'key' || !('kid' in key) || config.keys.kind !== 'jwks') return {};
  if (config.keys.jwks.some(({ kid }) => kid === key.kid)) return {};
  return { warning: 'No key of this issuer’s settings has that kid: this may hit nothing.' };
}

function wording(facts: Omit<ClaimCoverage, 'note' | 'warning'>): Pick<ClaimCoverage, 'note' | 'warning'> {
  const { claims, required, tokens, seen } = facts;
  if (claims.length === 0) return { note: 'Compared with what every token has.' };
  const named = claims.join(' and ');
  if (required) return { note: `${named}: required, so every accepted token carries it.` };
  if (tokens === 0) return { note: `${named}: optional, and no node has reported a token of this issuer yet.` };
  const note = `${named}: seen in ${seen} of the last ${tokens} tokens; tokens without it are not hit.`;
  return seen > 0 ? { note } : { note, warning: `No token seen lately carries ${named}: this may hit nothing.` };
}
