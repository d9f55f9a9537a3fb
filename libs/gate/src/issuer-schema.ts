import { compileIssuerPattern, filledIn, isIssuerPattern, issuerPatternProblem } from '@revocast/core';
import { z } from 'zod';
import {
  ASYMMETRIC_ALGORITHMS,
  type IssuerRule,
  PRESETS,
  SYMMETRIC_ALGORITHMS,
  type PublicJwk,
} from './issuer-config.js';
import { KEYS_MAX, publicJwkProblem } from './jwk.js';
import { keyUrlProblem } from './key-url.js';
import { WITHOUT_AUTH_TIME } from './presets.js';
import { normalType } from './token-rules.js';

const DAY = 86_400;
/** Values of one placeholder that may be listed. */
const RULE_VALUES_MAX = 100_000;
/** Longer ones are typing errors: milliseconds where seconds are due. */
const LIFETIME_SECONDS_MAX = 3_660 * DAY;

const text = z.string().min(1, 'must not be empty');
const oneOrMore = z
  .union([text, z.array(text)], 'must be a name or a list of names')
  .transform((names): readonly string[] => (typeof names === 'string' ? [names] : names));

const seconds = (max: number): z.ZodNumber =>
  z.int('must be a whole number of seconds').min(0, 'must not be negative').max(max, `must be at most ${max} seconds`);

const keyUrl = text.superRefine((value, context) => {
  const problem = keyUrlProblem(value);
  if (problem !== undefined) context.addIssue(problem);
});

const valueLists = z.record(text, z.array(text).min(1, 'must list a value').max(RULE_VALUES_MAX));
const allowRule = z.union(
  [
    z.literal('any'),
    z.custom<Extract<IssuerRule, (...values: never) => unknown>>((rule) => typeof rule === 'function'),
    valueLists,
  ],
  "must be 'any', lists of values by placeholder, or a function",
);

const publicJwk = z.custom<PublicJwk>().superRefine((value, context) => {
  const problem = publicJwkProblem(value);
  if (problem !== undefined) context.addIssue(problem);
});

/** Types of tokens that are signed by the same keys but are no access tokens (RFC 8725 section 3.11). */
const OTHER_TYPES = [
  'logout+jwt',
  'secevent+jwt',
  'token-introspection+jwt',
  'statuslist+jwt',
  'global-token-revocation+jwt',
  'dpop+jwt',
];

const tokenType = text
  .transform(normalType)
  .refine((type) => !OTHER_TYPES.includes(type), 'is a type of tokens that are no access tokens');

/** `["exp"]` and `{ "exp": true }` mean the same; a text or a list says which values are right. */
const requirements = z
  .union(
    [z.array(text), z.record(text, z.union([z.literal(true), oneOrMore]))],
    'must be a list of claims or an object of them',
  )
  .transform((given): Readonly<Record<string, true | readonly string[]>> =>
    Array.isArray(given) ? Object.fromEntries(given.map((claim) => [claim, true as const])) : given,
  );

const claimNames = z.strictObject({
  tokenId: oneOrMore.default(['jti']),
  session: oneOrMore.default(['sid']),
  subject: oneOrMore.optional(),
  client: oneOrMore.default(['client_id', 'azp', 'cid', 'appid']),
  device: oneOrMore.default(['device_id']),
});

const fields = z.strictObject({
  issuer: text.superRefine((value, context) => {
    const problem = isIssuerPattern(value) ? issuerPatternProblem(value) : undefined;
    if (problem !== undefined) context.addIssue(problem);
  }),
  allow: allowRule.optional(),
  preset: z.enum(PRESETS).optional(),
  profile: z.literal('rfc9068').optional(),
  aliases: z.array(text).default([]),
  jwks: z.looseObject({ keys: z.array(publicJwk).min(1, 'must hold a key').max(KEYS_MAX) }).optional(),
  jwksUri: keyUrl.optional(),
  discovery: z.union([z.literal(true), keyUrl], 'must be true or an https URL').optional(),
  secret: text.optional(),
  audience: z.union([oneOrMore, z.literal(false)], 'must be a name, a list of names or false').optional(),
  algorithms: z
    .array(z.enum([...ASYMMETRIC_ALGORITHMS, ...SYMMETRIC_ALGORITHMS]))
    .min(1, 'must name one')
    .optional(),
  tokenTypes: z.array(tokenType.nullable()).min(1, 'must name one').default(['at+jwt', 'jwt', null]),
  maxLifetimeSeconds: seconds(LIFETIME_SECONDS_MAX).min(1, 'must be above 0').default(DAY),
  sessionMaxSeconds: seconds(LIFETIME_SECONDS_MAX).default(30 * DAY),
  clockSkewSeconds: seconds(600).default(60),
  cutoffClaim: z.enum(['iat', 'auth_time']).default('iat'),
  issuedAtOffsetSeconds: seconds(3_600).default(0),
  leadSeconds: seconds(600).default(0),
  claims: claimNames.prefault({}),
  require: requirements.default({}),
  assumeIssuer: z.boolean().default(false),
  pairwise: z.boolean().default(false),
});

export type IssuerFields = z.output<typeof fields>;
type Field = keyof IssuerFields;

const isSymmetric = (algorithm: string): boolean => algorithm.startsWith('HS');

/** RFC 7518 section 3.2: a key as long as the hash at least. */
const secretBytesMin = (algorithms: IssuerFields['algorithms']): number =>
  Math.max(...(algorithms ?? []).map((algorithm) => Number(algorithm.slice(2)) / 8), 32);

const keySources = (issuer: IssuerFields): number =>
  [issuer.jwks, issuer.jwksUri, issuer.discovery, issuer.secret].filter((source) => source !== undefined).length;

const namesOf = (issuer: string): readonly string[] =>
  isIssuerPattern(issuer) && issuerPatternProblem(issuer) === undefined ? compileIssuerPattern(issuer).names : [];

const hostOf = (url: string): string => url.split('/')[2] ?? '';

/** A URL without placeholders is the same for all. Only below the host: elsewhere nobody could say whose keys these are. */
const isFillable = (url: string, issuer: string): boolean =>
  (!isIssuerPattern(hostOf(url)) || hostOf(url) === hostOf(issuer)) &&
  filledIn(url, Object.fromEntries(namesOf(issuer).map((name) => [name, 'x']))) !== undefined;

/** One rule between several settings: the problem is reported at the first of `reads`. */
interface Relation {
  readonly reads: readonly [Field, ...Field[]];
  readonly holds: (issuer: IssuerFields) => boolean;
  readonly problem: string;
}

/** What only a pattern may have, and what it must not. */
const OF_PATTERNS: readonly Relation[] = [
  {
    reads: ['allow', 'issuer'],
    holds: ({ allow, issuer }) => (allow !== undefined) === isIssuerPattern(issuer),
    problem:
      "goes with a pattern of issuers, and a pattern needs it: list the values of its placeholders, or say 'any' to accept whoever has an account with that provider",
  },
  {
    reads: ['allow', 'issuer'],
    holds: ({ allow, issuer }) =>
      typeof allow !== 'object' || Object.keys(allow).every((name) => namesOf(issuer).includes(name)),
    problem: 'must name placeholders of the pattern',
  },
  {
    reads: ['secret', 'issuer'],
    holds: ({ secret, issuer }) => secret === undefined || !isIssuerPattern(issuer),
    problem: 'cannot be shared by all issuers of a pattern: each could make the tokens of the others',
  },
  {
    reads: ['aliases', 'issuer'],
    holds: ({ aliases, issuer }) =>
      aliases.length === 0 ? true : !isIssuerPattern(issuer) && !aliases.some(isIssuerPattern),
    problem: 'must be single issuers, of a single issuer: a pattern neither has nor is one',
  },
  {
    reads: ['assumeIssuer', 'issuer'],
    holds: ({ assumeIssuer, issuer }) => !assumeIssuer || !isIssuerPattern(issuer),
    problem: 'cannot go with a pattern: a token without iss would be of nobody',
  },
  {
    reads: ['jwksUri', 'issuer'],
    holds: ({ jwksUri, issuer }) => jwksUri === undefined || isFillable(jwksUri, issuer),
    problem: 'may name only placeholders of the pattern of the issuer, and in its host only as that has them',
  },
  {
    reads: ['discovery', 'issuer'],
    holds: ({ discovery, issuer }) => typeof discovery !== 'string' || isFillable(discovery, issuer),
    problem: 'may name only placeholders of the pattern of the issuer, and in its host only as that has them',
  },
];

const RELATIONS: readonly Relation[] = [
  ...OF_PATTERNS,
  {
    reads: ['issuer', 'jwks', 'jwksUri', 'discovery', 'secret'],
    holds: (issuer) => keySources(issuer) <= 1,
    problem: 'takes its keys from one place: give only one of jwks, jwksUri, discovery and secret',
  },
  {
    reads: ['issuer', 'jwks', 'jwksUri', 'discovery', 'secret'],
    holds: (issuer) =>
      (keySources(issuer) > 0 && issuer.discovery !== true) || keyUrlProblem(issuer.issuer) === undefined,
    problem: 'is no https URL, so keys cannot be discovered from it: give jwks, jwksUri, a discovery URL or secret',
  },
  {
    reads: ['algorithms', 'secret'],
    holds: ({ algorithms, secret }) => (algorithms ?? []).every((name) => isSymmetric(name) === (secret !== undefined)),
    problem: 'must be HS256, HS384 or HS512 with a secret, and none of these without one',
  },
  {
    reads: ['secret', 'algorithms'],
    holds: ({ secret, algorithms }) => secret === undefined || Buffer.byteLength(secret) >= secretBytesMin(algorithms),
    problem:
      'is too short to be safe: HS256 needs 32 bytes, HS384 48 and HS512 64; make one with `openssl rand -base64 48`',
  },
  {
    reads: ['audience'],
    holds: ({ audience }) => audience !== undefined,
    problem: 'must name your API as tokens name it, or be false to accept tokens for any audience',
  },
  {
    reads: ['sessionMaxSeconds', 'maxLifetimeSeconds'],
    holds: (issuer) => issuer.sessionMaxSeconds >= issuer.maxLifetimeSeconds,
    problem: 'must be at least maxLifetimeSeconds: a session lives as long as its tokens',
  },
  {
    reads: ['leadSeconds', 'clockSkewSeconds'],
    holds: ({ leadSeconds, clockSkewSeconds }) => leadSeconds <= clockSkewSeconds,
    problem: 'must be at most clockSkewSeconds: tokens from further ahead are refused anyway',
  },
  {
    reads: ['issuedAtOffsetSeconds', 'cutoffClaim'],
    holds: ({ issuedAtOffsetSeconds, cutoffClaim }) => cutoffClaim === 'iat' || issuedAtOffsetSeconds === 0,
    problem: 'corrects iat, and would let revoked tokens live when cutoffClaim is auth_time: set it to 0',
  },
  {
    reads: ['cutoffClaim', 'preset'],
    holds: ({ cutoffClaim, preset }) =>
      cutoffClaim === 'iat' || preset === undefined || !WITHOUT_AUTH_TIME.includes(preset),
    problem: 'must be iat: tokens of this preset have no auth_time, so a cut-off would hit every new token too',
  },
  {
    reads: ['claims', 'pairwise'],
    holds: ({ claims, pairwise }) => !pairwise || claims.subject?.includes('sub') !== true,
    problem:
      'must not map subject to sub, which differs from app to app with pairwise: map a claim that does not, or []',
  },
  {
    reads: ['profile', 'preset'],
    holds: ({ profile, preset }) => profile === undefined || preset === 'oidc',
    problem: 'goes with the preset oidc only',
  },
];

/** Whether what a relation reads has no problem of its own: otherwise its complaint would only repeat that. */
const readable = (
  reads: readonly string[],
  issues: readonly { readonly path?: readonly PropertyKey[] | undefined }[],
): boolean => !issues.some(({ path = [] }) => reads.includes(String(path[0])));

/** The shape of one issuer and the relations between its values. A relation is judged even if other fields are wrong. */
export const issuerSchema = RELATIONS.reduce<z.ZodType<IssuerFields>>(
  (schema, { reads, holds, problem }) =>
    schema.refine(holds, {
      path: [reads[0]],
      error: problem,
      when: ({ value, issues }) =>
        typeof value === 'object' && value !== null && !Array.isArray(value) && readable(reads, issues),
    }),
  fields,
);
