import { type Arguments, type OptionKinds } from './arguments.js';
import { usage } from './failure.js';
import { plain } from './text.js';

export const KILL_OPTIONS: OptionKinds = {
  ...{ issuer: 'string', scope: 'string', sub: 'string', client: 'string', device: 'string', session: 'string' },
  ...{ jti: 'string', kid: 'string', thumbprint: 'string', 'token-file': 'string', at: 'string' },
  ...{ 'issued-before': 'string', 'until-lifted': 'boolean', reason: 'string', 'dry-run': 'boolean', yes: 'boolean' },
  ...{ wait: 'boolean', timeout: 'string', 'idempotency-key': 'string' },
  ...{ person: 'string', everywhere: 'boolean' },
  ...{ 'except-client': 'list', spread: 'string', 'older-nodes-refuse-more': 'boolean' },
};

/** Options that name what is hit, and the member of the command each becomes. */
const KEYS = {
  sub: 'sub',
  client: 'clientId',
  device: 'deviceId',
  session: 'sid',
  jti: 'jti',
  kid: 'kid',
  thumbprint: 'thumbprint',
  'token-file': 'token',
} as const;

/** Which options together make which scope. */
const SCOPES: Readonly<Record<string, string>> = {
  sub: 'subject',
  client: 'client',
  'client+sub': 'grant',
  device: 'device',
  session: 'session',
  jti: 'token',
  'token-file': 'token',
  kid: 'key',
  thumbprint: 'key',
};

/** Many people at once: asked for a confirmation. */
const WIDE: readonly string[] = ['client', 'issuer', 'key'];
export const isWide = (command: KillCommand): boolean => WIDE.includes(command.scope);

export interface KillCommand {
  readonly issuer: string;
  readonly scope: string;
  readonly [member: string]: unknown;
}

/** The body of `POST /v1/revocations`. `rawToken` is what the file of `--token-file` holds. */
export function killCommand({ texts, lists, flags }: Arguments, rawToken?: string): KillCommand {
  const { issuer } = texts;
  if (issuer === undefined) throw usage('Name the issuer with --issuer: two issuers’ alice are two people.');
  const given = Object.keys(KEYS).filter((name) => name in texts);
  const keys = given.map((name) => [KEYS[name as keyof typeof KEYS], name === 'token-file' ? rawToken : texts[name]]);
  return {
    issuer,
    scope: scopeOf(given, texts['scope']),
    ...(Object.fromEntries(keys) as object),
    ...(texts['issued-before'] !== undefined && { issuedBefore: texts['issued-before'] }),
    ...circumstances({ texts, flags }),
    ...(lists['except-client'] && { exceptClients: lists['except-client'] }),
    ...(texts['spread'] !== undefined && { spread: texts['spread'] }),
    ...(flags.has('older-nodes-refuse-more') && { olderNodes: 'refuseMore' }),
  };
}

/** When and why, of whatever is revoked. */
export const circumstances = ({ texts: { at, reason }, flags }: Pick<Arguments, 'texts' | 'flags'>): object => ({
  ...(at !== undefined && { at }),
  ...(flags.has('until-lifted') && { until: 'lifted' }),
  ...(reason !== undefined && { reason }),
});

function scopeOf(given: readonly string[], asked: string | undefined): string {
  if (given.length === 0) {
    // A forgotten --sub must not become the kill of everybody.
    if (asked === 'issuer') return asked;
    throw usage(
      'Say what to revoke: --sub, --device, --session, --jti, --client ...; all of an issuer: --scope issuer.',
    );
  }
  const scope = SCOPES[[...given].sort().join('+')];
  if (scope === undefined)
    throw usage(`No scope has ${given.map((name) => `--${name}`).join(' and ')} together; see --help.`);
  if (asked !== undefined && asked !== scope)
    throw usage(`These options make the scope ${scope}, not that of --scope.`);
  return scope;
}

/** For the question before a wide kill. */
export function inWords(command: KillCommand): string {
  const { issuer, scope, reason: _reason, token: _token, olderNodes: _older, exceptClients, spread, ...rest } = command;
  const names = Object.entries(rest).map(([name, value]) => `${name} ${plain(value)}`);
  const except = Array.isArray(exceptClients) ? `, except of ${exceptClients.map(plain).join(', ')}` : '';
  const over = spread === undefined ? '' : `, over ${plain(spread)}`;
  return `${scope} at ${plain(issuer)}${names.length > 0 ? `: ${names.join(', ')}` : ', every token issued until now'}${except}${over}`;
}
