import { STALENESS_MS_MAX_DEFAULT } from '@revocast/core';
import { type IssuerConfig, issuersFrom } from '@revocast/gate';
import {
  createSigner,
  createVerifier,
  type NatsSettings,
  natsSettingsFrom,
  publicRecordKey,
  type RecordSigningKey,
  type Signer,
  type Verifier,
} from '@revocast/jetstream';
import { parseProviders, type ProviderSettings } from '../identity/provider-settings.js';
import { z } from 'zod';
import { type ApiKey, parseApiKeys } from './api-keys.js';
import { type Environment, parseJson, SettingsSource } from './source.js';

/** Everything the service is told from outside; docs/settings.md explains each. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly nats: NatsSettings;
  readonly namespace: string;
  readonly issuers: readonly IssuerConfig[];
  /** Set when the issuers came from a file: it is read again when it changes. */
  readonly issuersPath: string | undefined;
  /** Where sessions are ended, too. */
  readonly providers: readonly ProviderSettings[];
  readonly apiKeys: readonly ApiKey[];
  readonly operatorIssuers: readonly IssuerConfig[];
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** 128 bits in hex: entries are found by a keyed hash, with one key per deployment. */
  readonly hashKey: string;
  readonly dataDirectory: string;
  /** Whether a first epoch may be opened, or a new one after the log was lost. */
  readonly init: boolean;
  /** Whether a new epoch may be opened although records are known to be missing from every journal. */
  readonly acceptsLoss: boolean;
  /** Service name -> least number of nodes. */
  readonly expected: Readonly<Record<string, number>>;
  /** Whether `expected` is the whole fleet, and not a least number of nodes. */
  readonly expectedIsExact: boolean;
  /** The largest staleness bound any node may be configured with. Milliseconds. */
  readonly fleetBoundMs: number;
  readonly replicas: number;
  readonly liveEntriesMax: number;
  /** How long the log keeps a record. Seconds. */
  readonly logAgeSecondsMax: number;
  /** Records since the newest snapshot that make a new one worth writing; 0 = never. */
  readonly snapshotRecords: number;
}

const PROVIDERS = 'REVOCAST_IDENTITY_PROVIDERS';

/** 60 days: what is retained longer is published again at half of it. */
const LOG_AGE_SECONDS_DEFAULT = 60 * 86_400;
/** Nodes start by a snapshot from 512 records on; what follows it is read in less than a second. */
const SNAPSHOT_RECORDS_DEFAULT = 2_048;
/** An index of that many entries takes a node some hundred MB. */
const LIVE_ENTRIES_DEFAULT = 5_000_000;

/** Reads all settings. Throws ERR_CONFIG with every problem, one per line. */
export function readSettings(environment: Environment): Settings {
  const source = new SettingsSource(environment);
  const settings = {
    ...readServer(source),
    ...readNats(source, environment),
    ...readIssuersAndProviders(source, environment),
    ...readOperators(source),
    ...readKeys(source),
    ...readLimits(source),
  };
  source.finish();
  return settings as Settings;
}

const readServer = (source: SettingsSource) => ({
  host: source.text('HOST') ?? '127.0.0.1',
  port: source.whole('PORT', { from: 0, to: 65_535, otherwise: 3000 }),
  dataDirectory: required(source, 'REVOCAST_DATA_DIR', 'the journal needs a place'),
  init: source.flag('REVOCAST_INIT'),
  acceptsLoss: source.flag('REVOCAST_ACCEPT_LOSS'),
});

function required(source: SettingsSource, name: string, why: string): string {
  const text = source.text(name);
  if (text === undefined) source.problem(`${name} is missing: ${why}`);
  return text ?? '';
}

function readNats(source: SettingsSource, environment: Environment) {
  const namespace = source.text('REVOCAST_NAMESPACE') ?? 'revocast';
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(namespace)) {
    source.problem('REVOCAST_NAMESPACE is to have 1 to 32 characters A-Z a-z 0-9 _ -');
  }
  return { namespace, nats: source.attempt('NATS', () => natsSettingsFrom(environment)) };
}

function readIssuersAndProviders(source: SettingsSource, environment: Environment) {
  const read = readIssuers(source);
  const document = source.document(PROVIDERS);
  const names = new Set(read.issuers.map(({ issuer }) => issuer));
  const providers =
    document && source.attempt(PROVIDERS, () => parseProviders(parseJson(document.text), names, environment));
  return { ...read, providers: providers ?? [] };
}

function readIssuers(source: SettingsSource) {
  const document = source.document('REVOCAST_ISSUERS');
  if (document === undefined) {
    if (source.text('REVOCAST_ISSUERS') === undefined && source.text('REVOCAST_ISSUERS_FILE') === undefined) {
      source.problem('REVOCAST_ISSUERS is missing: nothing could be revoked');
    }
    return { issuers: [], issuersPath: undefined };
  }
  const issuers = source.attempt('REVOCAST_ISSUERS', () => issuersFrom(document.text, 'REVOCAST_ISSUERS'));
  return { issuers: issuers ?? [], issuersPath: document.path };
}

function readOperators(source: SettingsSource): Pick<Settings, 'apiKeys' | 'operatorIssuers'> {
  const [keys, issuers] = [source.document('REVOCAST_API_KEYS'), source.document('REVOCAST_OPERATOR_ISSUERS')];
  const apiKeys = keys ? source.attempt('REVOCAST_API_KEYS', () => parseApiKeys(keys.text)) : [];
  const operatorIssuers = issuers
    ? source.attempt('REVOCAST_OPERATOR_ISSUERS', () => issuersFrom(issuers.text, 'REVOCAST_OPERATOR_ISSUERS'))
    : [];
  if (apiKeys?.length === 0 && operatorIssuers?.length === 0) {
    source.problem('no operator is configured: set REVOCAST_API_KEYS or REVOCAST_OPERATOR_ISSUERS');
  }
  return { apiKeys: apiKeys ?? [], operatorIssuers: operatorIssuers ?? [] };
}

function readKeys(source: SettingsSource) {
  const hashKey = source.secret('REVOCAST_HASH_KEY');
  if (hashKey === undefined || !/^[0-9a-f]{32}$/i.test(hashKey)) {
    source.problem('REVOCAST_HASH_KEY is to be 128 random bits as 32 hex digits; there is no default');
  }
  const document = source.document('REVOCAST_SIGNING_KEY');
  if (document === undefined) {
    source.problem(
      'REVOCAST_SIGNING_KEY is missing: a private Ed25519 JWK with a kid, or the path of one; there is no default',
    );
    return { hashKey, signer: undefined, verifier: undefined };
  }
  const others = source.document('REVOCAST_RECORD_KEYS');
  const signing = source.attempt('REVOCAST_SIGNING_KEY', () => {
    const jwk = parseJson(document.text);
    return { jwk: jwk as RecordSigningKey, signer: createSigner(jwk) };
  });
  const verifier =
    signing && source.attempt('REVOCAST_RECORD_KEYS', () => verifierFor(signing.jwk, others && parseJson(others.text)));
  return { hashKey: hashKey?.toLowerCase(), signer: signing?.signer, verifier };
}

/** Our own key and, while keys are rotated, those that signed what is still in the log. */
function verifierFor(own: RecordSigningKey, others: unknown): Verifier {
  const listed =
    others === undefined ? [] : z.looseObject({ keys: z.array(z.looseObject({ kid: z.string() })) }).parse(others).keys;
  return createVerifier({ keys: [publicRecordKey(own), ...listed.filter((key) => key.kid !== own.kid)] });
}

const readLimits = (source: SettingsSource) => ({
  expected: readExpected(source),
  expectedIsExact: source.flag('REVOCAST_EXPECTED_EXACT'),
  fleetBoundMs: source.whole('REVOCAST_STALENESS_MS_MAX', {
    from: 1_000,
    to: 3_600_000,
    otherwise: STALENESS_MS_MAX_DEFAULT,
  }),
  replicas: source.whole('REVOCAST_REPLICAS', { from: 1, to: 5, otherwise: 1 }),
  liveEntriesMax: source.whole('REVOCAST_LIVE_ENTRIES_MAX', { from: 1, to: 1e9, otherwise: LIVE_ENTRIES_DEFAULT }),
  logAgeSecondsMax: source.whole('REVOCAST_LOG_AGE_SECONDS_MAX', {
    from: 86_400,
    to: 10 * 365 * 86_400,
    otherwise: LOG_AGE_SECONDS_DEFAULT,
  }),
  snapshotRecords: source.whole('REVOCAST_SNAPSHOT_RECORDS', { from: 0, to: 1e9, otherwise: SNAPSHOT_RECORDS_DEFAULT }),
});

function readExpected(source: SettingsSource): Readonly<Record<string, number>> {
  const document = source.document('REVOCAST_EXPECTED');
  if (document === undefined) return {};
  const parsed = z
    .record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), z.int().min(1).max(100_000))
    .safeParse(source.attempt('REVOCAST_EXPECTED', () => parseJson(document.text)));
  if (parsed.success) return parsed.data;
  source.problem('REVOCAST_EXPECTED is to be JSON of service names and least numbers of nodes, such as {"payments":2}');
  return {};
}
