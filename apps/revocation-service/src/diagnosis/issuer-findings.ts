import { enforceableScopes, type IssuerCoverage, type IssuerSettings, type Scope } from '@revocast/core';
import { finding, type Finding, named } from './finding.js';

export interface IssuerSeen {
  readonly settings: IssuerSettings;
  /** Why its keys cannot be had from the service; undefined = they can. */
  readonly keysMissing: boolean;
}

/** Hit every token, whatever it carries. */
const CLAIMLESS: readonly Scope[] = ['issuer', 'key'];

/** Keys of each issuer, and the claims that its tokens really carried on the nodes. */
export const issuerFindings = (
  issuers: readonly IssuerSeen[],
  reports: readonly IssuerCoverage[],
): readonly Finding[] => [
  keysFinding(issuers),
  ...issuers.map(({ settings }) =>
    claimsFinding(
      settings,
      reports.filter(({ issuer }) => issuer === settings.issuer),
    ),
  ),
];

function keysFinding(issuers: readonly IssuerSeen[]): Finding {
  const without = issuers.filter(({ keysMissing }) => keysMissing).map(({ settings }) => settings.issuer);
  if (without.length === 0) return finding('issuers.keys', 'ok', `Keys of ${issuers.length} issuers can be had.`);
  return finding(
    'issuers.keys',
    'failure',
    `The service cannot have the keys of: ${named(without)}.`,
    'Open the address of the key set (jwksUri, discovery) from the host of the service. Nodes fetch by themselves; look at theirs, too.',
  );
}

function claimsFinding(settings: IssuerSettings, reports: readonly IssuerCoverage[]): Finding {
  const { issuer } = settings;
  if (reports.length === 0)
    return finding(
      'claims.issuer',
      'warning',
      `${issuer}: no node accepts its tokens.`,
      'Add it to the nodes, or take it out here.',
    );
  const tokens = reports.reduce((sum, report) => sum + report.tokens, 0);
  if (tokens === 0)
    return finding(
      'claims.seen',
      'warning',
      `${issuer}: no node has seen a token of it yet.`,
      'Send one; until then nobody knows what its tokens carry.',
    );
  const scopes = enforceableScopes(settings).filter((scope) => !CLAIMLESS.includes(scope));
  const counts = scopes.map((scope) => ({
    scope,
    seen: reports.reduce((sum, { seen }) => sum + (seen[scope] ?? 0), 0),
  }));
  const text = `${issuer}, ${tokens} tokens: ${counts.map(({ scope, seen }) => `${scope} ${seen}`).join(', ')}.`;
  const never = counts.filter(({ seen }) => seen === 0).map(({ scope }) => scope);
  if (never.length === 0) return finding('claims.seen', 'ok', text);
  return finding(
    'claims.seen',
    'warning',
    text,
    `A kill by ${never.join(', ')} hits nothing: let the issuer put the claims into its tokens, or name the right ones in "claims".`,
  );
}
