import { type Command, print } from './command.js';
import { EXIT, usage } from './failure.js';
import { readText } from './input.js';
import { jwtPart } from './jwt-part.js';
import { facts, isJson, type Json, member, plain } from './text.js';

/** Names under which issuers put them by default; an issuer's settings at the service may name others. */
const CLAIMS: Readonly<Record<string, readonly string[]>> = {
  token: ['jti'],
  session: ['sid'],
  subject: ['sub'],
  client: ['client_id', 'azp', 'cid', 'appid'],
  device: ['device_id'],
};

export interface Inspected {
  readonly verified: false;
  readonly header: Json;
  readonly claims: Json;
  /** Scopes with the value that would name the token. */
  readonly scopes: readonly { readonly scope: string; readonly by: string; readonly value: string | null }[];
}

/** What stands in a token. The signature is neither checked nor shown. Throws a usage failure that repeats none of it. */
export function inspected(token: string): Inspected {
  const parts = token.split('.');
  const [header, claims] = parts.slice(0, 2).map(jwtPart);
  if (parts.length !== 3 || header === undefined || claims === undefined)
    throw usage(
      'That is no signed JWT in compact form: three parts with dots between, the first two JSON in base64url.',
    );
  return { verified: false, header, claims, scopes: scopesOf(header, claims) };
}

function scopesOf(header: Json, claims: Json): Inspected['scopes'] {
  const found = Object.entries(CLAIMS).flatMap(([scope, names]) => {
    const by = names.find((name) => typeof claims[name] === 'string' && claims[name] !== '');
    return by === undefined ? [] : [{ scope, by, value: String(claims[by]) }];
  });
  const [subject, client] = ['subject', 'client'].map((scope) => found.find((one) => one.scope === scope));
  return [
    ...found,
    ...(subject && client
      ? [{ scope: 'grant', by: `sub and ${client.by}`, value: `${subject.value} ${client.value}` }]
      : []),
    ...(typeof header['kid'] === 'string' ? [{ scope: 'key', by: 'kid', value: header['kid'] }] : []),
    ...(typeof claims['iss'] === 'string' ? [{ scope: 'issuer', by: 'iss', value: claims['iss'] }] : []),
  ];
}

export function inspectedText(token: Inspected, nowMs: number): string {
  const { header, claims, scopes } = token;
  const section = (title: string, of: Json): string =>
    `${title}\n${facts(Object.entries(of).map(([name, value]) => [`  ${plain(name)}`, value]))}`;
  const clocks = ['iat', 'nbf', 'auth_time', 'exp'].flatMap((name) => {
    const value = claims[name];
    return typeof value === 'number' ? [[`  ${name}`, againstNow(value, nowMs)] as const] : [];
  });
  return [
    'NOT VERIFIED: anybody can write such a token. --explain asks the service.\n',
    section('header', header),
    section('claims', claims),
    clocks.length > 0 ? `clocks\n${facts(clocks)}` : '',
    `could be hit by\n${facts(scopes.map(({ scope, by, value }) => [`  ${scope}`, `${by} ${plain(value)}`]))}`,
  ].join('');
}

function againstNow(seconds: number, nowMs: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `${seconds}: no time`;
  const off = Math.round(seconds - nowMs / 1000);
  return `${date.toISOString()}, ${Math.abs(off)} s ${off > 0 ? 'ahead' : 'ago'}`;
}

function explainedText(answer: Json): string {
  const { gate, hit, code } = answer;
  const revoked = isJson(hit) ? `${plain(hit['scope'])} ${plain(hit['revocationId'])}` : 'by no revocation';
  return `the service says\n${facts([
    ['  verified', answer['verified']],
    ['  because', code],
    ['  hit', revoked],
    ['  a node', `${plain(member(gate, 'outcome'))} ${plain(member(gate, 'status'))}`],
    ['  code', member(gate, 'code')],
  ])}`;
}

export const tokenInspect: Command = {
  summary: 'what stands in a token, and which scopes could hit it',
  help: `[FILE|-]                      the token is read from the file or stdin,
                            never from an argument
  --explain                 send it to the service: does it verify, is it hit?`,
  options: { explain: 'boolean' },
  positionals: 'file',
  positionalsMax: 1,
  run: async (run) => {
    const [path = '-'] = run.args.positionals;
    if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(path) && path.length > 64)
      throw usage('A token as an argument stands in the list of processes: pipe it in, and treat this one as leaked.');
    const text = await readText(path, run.world, 'the token');
    const token = inspected(text);
    const asked = { method: 'POST', path: '/v1/explain', json: { token: text } } as const;
    const explained = run.args.flags.has('explain') ? await run.service().json(asked) : undefined;
    print(run, { ...token, ...(explained && { explained }) }, () => {
      const answer = explained === undefined ? '' : explainedText(explained);
      return `${inspectedText(token, run.world.now())}${answer}`;
    });
    return EXIT.ok;
  },
};
