import { readFileSync } from 'node:fs';
import { RevocationError } from '@revocast/core';

/** A secret or certificate: its text, or the file that holds it. Files are read anew for each connection, so rotation needs no restart. */
export type TextSource = { readonly text: string } | { readonly file: string };

/** How to reach NATS. Plain data, passed through to the client. */
export interface NatsSettings {
  /** `nats://host:port` or `tls://host:port`, at least one; the client tries them in random order. */
  readonly servers: readonly string[];
  /** A `.creds` file: user JWT and nkey seed. */
  readonly credentials?: TextSource;
  readonly user?: string;
  readonly password?: TextSource;
  readonly nkeySeed?: TextSource;
  readonly tls?: NatsTls;
}

/** Each is PEM. Without `ca` the certificate authorities of the system count; `cert` and `key` come together. */
export interface NatsTls {
  readonly ca?: TextSource;
  readonly cert?: TextSource;
  readonly key?: TextSource;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Credentials, keys and certificates are files by custom; a value that is the text itself begins like this. */
const ARMOUR = '-----BEGIN';

/**
 * Reads NATS_URL (comma list), and if set NATS_CREDS, or NATS_NKEY_SEED, or NATS_USER with NATS_PASSWORD, and NATS_CA, NATS_CERT,
 * NATS_KEY. NATS_CREDS and the last three are a path or the text; `<NAME>_FILE` names a file that holds the value.
 * Throws ERR_CONFIG that lists every problem, and never a value.
 */
export const natsSettingsFrom = (env: Env): NatsSettings => {
  const problems: string[] = [];
  const source = (name: string): TextSource | undefined => readSource(env, name, problems);
  const settings = withoutUndefined({
    servers: readServers(env, problems),
    credentials: source('NATS_CREDS'),
    user: env['NATS_USER'] === '' ? undefined : env['NATS_USER'],
    password: source('NATS_PASSWORD'),
    nkeySeed: source('NATS_NKEY_SEED'),
    tls: readTls({ ca: source('NATS_CA'), cert: source('NATS_CERT'), key: source('NATS_KEY') }, problems),
  });
  problems.push(...identityProblems(settings));
  if (problems.length > 0) throw new RevocationError('ERR_CONFIG', problems.join('; '));
  return settings;
};

/** The text of a source, without the newline that ends most files. Throws what the file system throws. */
export const textOf = (source: TextSource): string =>
  'text' in source ? source.text : readFileSync(source.file, 'utf8').trimEnd();

const readServers = (env: Env, problems: string[]): readonly string[] => {
  const servers = (env['NATS_URL'] ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
  if (servers.length === 0) problems.push('NATS_URL is not set');
  for (const [index, url] of servers.entries()) {
    const problem = serverProblem(url);
    if (problem !== undefined) problems.push(`NATS_URL, address ${index + 1}, ${problem}`);
  }
  return servers;
};

/** Says nothing of the address itself: it may hold a password. */
const serverProblem = (url: string): string | undefined => {
  const withScheme = url.includes('://') ? url : `nats://${url}`;
  if (!URL.canParse(withScheme)) return 'is no URL';
  const { protocol, username, password, hostname } = new URL(withScheme);
  if (protocol !== 'nats:' && protocol !== 'tls:') return 'is neither nats:// nor tls://';
  if (hostname === '') return 'names no host';
  // Addresses are logged; secrets have settings of their own.
  if (username !== '' || password !== '') return 'holds credentials: use NATS_USER and NATS_PASSWORD';
  return undefined;
};

const PATH_BY_CUSTOM: readonly string[] = ['NATS_CREDS', 'NATS_CA', 'NATS_CERT', 'NATS_KEY'];

const readSource = (env: Env, name: string, problems: string[]): TextSource | undefined => {
  const [value, file] = [env[name] ?? '', env[`${name}_FILE`] ?? ''];
  if (value !== '' && file !== '') problems.push(`${name} and ${name}_FILE exclude each other`);
  const isPath = value !== '' && PATH_BY_CUSTOM.includes(name) && !value.startsWith(ARMOUR);
  const source = isPath ? { file: value } : value !== '' ? { text: value } : file !== '' ? { file } : undefined;
  if (source !== undefined && !canRead(source)) problems.push(`the file of ${name} cannot be read`);
  return source;
};

const canRead = (source: TextSource): boolean => {
  try {
    return textOf(source) !== '';
  } catch {
    return false;
  }
};

const readTls = (
  tls: { readonly [name in keyof NatsTls]: TextSource | undefined },
  problems: string[],
): NatsTls | undefined => {
  if ((tls.cert === undefined) !== (tls.key === undefined)) problems.push('NATS_CERT and NATS_KEY go together');
  const settings = withoutUndefined(tls);
  return Object.keys(settings).length === 0 ? undefined : settings;
};

const identityProblems = ({ credentials, nkeySeed, user, password }: NatsSettings): readonly string[] => {
  const problems: string[] = [];
  const ways = [credentials, nkeySeed, user].filter((way) => way !== undefined).length;
  if (ways > 1) problems.push('only one of NATS_CREDS, NATS_NKEY_SEED and NATS_USER can be used');
  if ((user === undefined) !== (password === undefined)) problems.push('NATS_USER and NATS_PASSWORD go together');
  return problems;
};

type Defined<T> = { [key in keyof T as undefined extends T[key] ? never : key]: T[key] } & {
  [key in keyof T as undefined extends T[key] ? key : never]?: Exclude<T[key], undefined>;
};

const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
