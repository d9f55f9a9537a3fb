import {
  compileIssuerPattern,
  isIssuerPattern,
  RevocationError,
  type ClaimNames,
  type IssuerSettings,
} from '@revocast/core';
import {
  ASYMMETRIC_ALGORITHMS,
  PRESETS,
  type IssuerConfig,
  type IssuerInput,
  type KeySource,
  type PresetName,
} from './issuer-config.js';
import { issuerSchema, type IssuerFields } from './issuer-schema.js';
import { wellKnownUrls } from './key-url.js';
import { PRESET_SETTINGS, RFC9068_SETTINGS } from './presets.js';

/** More issuers in one process are a mistake in its settings. */
export const ISSUERS_MAX = 1_000;

type Raw = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value);

const isPreset = (name: unknown): name is PresetName => PRESETS.some((preset) => preset === name);

/** Requirements as an object, whichever way they are written; what is neither is left for the schema to name. */
const requirementsOf = (given: unknown): unknown =>
  Array.isArray(given) ? Object.fromEntries(given.map((claim) => [claim, true])) : given;

const bothObjects = (under: unknown, over: unknown): unknown =>
  isObject(under) && isObject(over) ? { ...under, ...over } : (over ?? under);

/** Single claims override the preset's; its requirements stay: without `token_use` Cognito's ID tokens would get in. */
const withDefaults = (defaults: Partial<IssuerInput>, given: Raw): Raw => ({
  ...defaults,
  ...given,
  claims: bothObjects(defaults.claims, given['claims']),
  require: bothObjects(requirementsOf(given['require']), requirementsOf(defaults.require)),
});

const expand = (given: unknown): unknown => {
  if (!isObject(given)) return given;
  const { preset, profile } = given;
  const profiled = profile === 'rfc9068' ? withDefaults(RFC9068_SETTINGS, given) : given;
  return isPreset(preset) ? withDefaults(PRESET_SETTINGS[preset], profiled) : profiled;
};

const keySource = (fields: IssuerFields): KeySource => {
  const { issuer, jwks, jwksUri, discovery, secret } = fields;
  if (jwks !== undefined) return { kind: 'jwks', jwks: jwks.keys };
  if (jwksUri !== undefined) return { kind: 'jwksUri', url: jwksUri };
  if (secret !== undefined) return { kind: 'secret', secret };
  if (typeof discovery === 'string') return { kind: 'discovery', urls: [discovery] };
  // Each issuer of a pattern has places of its own.
  return { kind: 'discovery', urls: isIssuerPattern(issuer) ? [] : wellKnownUrls(issuer) };
};

/** Without its subject a token could not be hit by the commonest revocation, so it is required; the last name is the fallback. */
const requiredClaims = (fields: IssuerFields, subject: readonly string[]): readonly string[] => [
  ...new Set([...Object.keys(fields.require), ...subject.slice(-1)]),
];

const requiredValues = (fields: IssuerFields): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    Object.entries(fields.require).flatMap(([claim, values]) => (values === true ? [] : [[claim, values]])),
  );

const mappedClaims = (claims: Required<ClaimNames>): ClaimNames =>
  Object.fromEntries(Object.entries(claims).filter(([, names]) => names.length > 0));

const configOf = (fields: IssuerFields): IssuerConfig => {
  const subject = fields.claims.subject ?? (fields.pairwise ? [] : ['sub']);
  const { preset, profile, allow } = fields;
  return {
    issuer: fields.issuer,
    aliases: fields.aliases,
    keys: keySource(fields),
    audience: fields.audience ?? false,
    algorithms: fields.algorithms ?? (fields.secret === undefined ? ASYMMETRIC_ALGORITHMS : ['HS256']),
    tokenTypes: fields.tokenTypes,
    maxLifetimeSeconds: fields.maxLifetimeSeconds,
    sessionMaxSeconds: fields.sessionMaxSeconds,
    clockSkewSeconds: fields.clockSkewSeconds,
    cutoffClaim: fields.cutoffClaim,
    issuedAtOffsetSeconds: fields.issuedAtOffsetSeconds,
    leadSeconds: fields.leadSeconds,
    claims: mappedClaims({ ...fields.claims, subject }),
    require: requiredClaims(fields, subject),
    requireValues: requiredValues(fields),
    assumeIssuer: fields.assumeIssuer,
    pairwise: fields.pairwise,
    ...(allow === undefined ? {} : { allow }),
    ...(preset === undefined ? {} : { preset }),
    ...(profile === undefined ? {} : { profile }),
  };
};

const pathText = (path: readonly PropertyKey[]): string =>
  path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');

/** Either a config or the problems that keep `given` from being one. */
const parseIssuer = (given: unknown, name: string): IssuerConfig | readonly string[] => {
  const parsed = issuerSchema.safeParse(expand(given));
  if (parsed.success) return configOf(parsed.data);
  return parsed.error.issues.map(({ path, message }) => `${name}${pathText(path)}: ${message}`);
};

/** Two issuers that share a spelling would make one subject of two. */
const sharedSpellings = (configs: readonly IssuerConfig[], name: string): readonly string[] => {
  const spellings = configs.flatMap(({ issuer, aliases }) => [issuer, ...aliases]);
  const shared = new Set(spellings.filter((spelling, index) => spellings.indexOf(spelling) !== index));
  return [...shared].map((spelling) => `${name}: ${spelling} is named twice: give each issuer and alias once`);
};

/** Which of two patterns an issuer is of must not depend on their order. A single issuer goes before every pattern. */
const overlapping = (configs: readonly IssuerConfig[], name: string): readonly string[] => {
  const patterns = configs
    .filter(({ issuer }) => isIssuerPattern(issuer))
    .map(({ issuer }) => compileIssuerPattern(issuer));
  return patterns.flatMap((one, at) =>
    patterns
      .slice(at + 1)
      .filter((other) => one.text !== other.text && one.overlaps(other))
      .map(
        (other) => `${name}: ${one.text} and ${other.text} match the same issuers: make them differ in a fixed part`,
      ),
  );
};

const severalAssumed = (configs: readonly IssuerConfig[], name: string): readonly string[] =>
  configs.filter(({ assumeIssuer }) => assumeIssuer).length > 1
    ? [`${name}: only one issuer may have assumeIssuer, since tokens without iss could be of any`]
    : [];

const parseList = (input: readonly unknown[], name: string): readonly IssuerConfig[] => {
  const parsed = input.map((given, index) => parseIssuer(given, `${name}[${index}]`));
  const configs = parsed.filter((result): result is IssuerConfig => !Array.isArray(result));
  const problems = parsed.flatMap((result) => (Array.isArray(result) ? (result as readonly string[]) : []));
  const all = [
    ...problems,
    ...sharedSpellings(configs, name),
    ...severalAssumed(configs, name),
    ...overlapping(configs, name),
  ];
  if (all.length > 0) throw new RevocationError('ERR_CONFIG', all.join('\n'));
  return configs;
};

const parseNamed = (input: unknown, name: string): readonly IssuerConfig[] => {
  if (Array.isArray(input) && input.length > 0 && input.length <= ISSUERS_MAX) return parseList(input, name);
  throw new RevocationError('ERR_CONFIG', `${name}: must be a list of 1 to ${ISSUERS_MAX} issuers`);
};

/**
 * Checks issuers and fills in their presets and defaults. `input` is an array of `IssuerInput`.
 * Throws ERR_CONFIG with all problems at once, one a line, each with its path and what to do; no secret is in it.
 *
 *     parseIssuers([keycloak({ issuer: 'https://id.example/realms/shop', audience: 'orders' })])
 */
export const parseIssuers = (input: unknown): readonly IssuerConfig[] => parseNamed(input, 'issuers');

/** `parseIssuers` for JSON text, such as the value of REVOCAST_ISSUERS or the file it names; problems name `setting`. */
export const issuersFrom = (text: string, setting: string): readonly IssuerConfig[] => {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold a secret.
    throw new RevocationError('ERR_CONFIG', `${setting}: must be JSON, a list of issuers`);
  }
  return parseNamed(input, setting);
};

/** The part of a config that soundness rests on and that travels in the log. */
export const issuerSettings = (config: IssuerConfig): IssuerSettings => ({
  issuer: config.issuer,
  maxLifetimeSeconds: config.maxLifetimeSeconds,
  sessionMaxSeconds: config.sessionMaxSeconds,
  clockSkewSeconds: config.clockSkewSeconds,
  cutoffClaim: config.cutoffClaim,
  issuedAtOffsetSeconds: config.issuedAtOffsetSeconds,
  leadSeconds: config.leadSeconds,
  claims: config.claims,
  require: config.require,
});
