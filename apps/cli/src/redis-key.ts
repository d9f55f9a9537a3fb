import { createHash } from 'node:crypto';
import { type FoundKey } from './blacklist.js';
import { usage } from './failure.js';
import { type Json } from './text.js';
import { jwtPart } from './jwt-part.js';

/** What stands in a key of a blacklist at each place of a template, and the member of a command that it becomes. */
const PLACES: Readonly<Record<string, string>> = {
  ...{ jti: 'jti', hash: 'signingInputHash', token: 'signingInputHash' },
  ...{ session: 'sid', sub: 'sub', client: 'clientId', device: 'deviceId' },
};
/** Which places together make which scope. */
const SCOPES: Readonly<Record<string, string>> = {
  ...{ jti: 'token', hash: 'token', token: 'token', session: 'session' },
  ...{ sub: 'subject', client: 'client', 'client+sub': 'grant', device: 'device' },
};

/** Where the parts of a key are, such as `blacklist:{jti}`. */
export interface KeyTemplate {
  readonly scope: string;
  /** Whether keys hold whole tokens: nothing of such a key may be shown. */
  readonly hasToken: boolean;
  /** Undefined for a key of another form. */
  read(key: string): Readonly<Record<string, string>> | undefined;
}

export function keyTemplate(text: string): KeyTemplate {
  const parts = text.split(/\{(\*|[a-z]+)\}/);
  const names = parts.filter((_, at) => at % 2 === 1);
  const places = names.filter((name) => name !== '*');
  const scope = SCOPES[[...places].sort().join('+')];
  if (scope === undefined || parts.slice(1, -1).some((part, at) => at % 2 === 1 && part === ''))
    throw usage(
      '--redis-key is to have {jti}, {hash}, {token}, {session}, {sub}, {client}, {device}, or {sub} and {client}, with text between them; {*} stands for what does not matter.',
    );
  const form = new RegExp(`^${parts.map((part, at) => patternOf(part, at, parts.length)).join('')}$`, 'u');
  return {
    scope,
    hasToken: places.includes('token'),
    read: (key) => {
      const found = form.exec(key);
      return found === null ? undefined : Object.fromEntries(places.map((name) => [name, found.groups?.[name] ?? '']));
    },
  };
}

/** The last place takes all that is left: ids may have the text between places in them. */
function patternOf(part: string, at: number, count: number): string {
  if (at % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
  const some = at === count - 2 ? '[^]+' : '[^]+?';
  return part === '*' ? some : `(?<${part}>${some})`;
}

/** The pattern says the template when it has one `*`: what is there is the token id. */
export function templateOf(pattern: string): string {
  const [before, after, ...more] = pattern.split('*');
  if (after === undefined || more.length > 0 || /[?[\]\\]/.test(pattern))
    throw usage('Say with --redis-key what a key means, such as blacklist:{jti}.');
  return `${before ?? ''}{jti}${after}`;
}

export interface KeyRules {
  readonly template: KeyTemplate;
  /** Undefined: that of the token in the key. */
  readonly issuer: string | undefined;
  /** When a key without a TTL ends; undefined: nobody said. */
  readonly noTtl: 'issuer' | 'lifted' | number | undefined;
  /** Whether the value of a key is the time of the event. */
  readonly timeIsValue: boolean;
  readonly reason: string;
}

/** Why a key is left where it is. `ended` needs no revocation any more; all others want an answer from the operator. */
export const LEFT = {
  form: 'are not of the form that --redis-key says',
  token: 'hold no JWT where --redis-key says {token}',
  hash: 'hold no SHA-256 where --redis-key says {hash}',
  issuer: 'hold a token of another issuer than --issuer, or of none',
  end: 'have no TTL: say with --no-ttl when they end',
  time: 'have no time as their value, which --cut-off value needs',
  ended: 'hold a token that has expired, and need no revocation',
} as const;
export type Left = keyof typeof LEFT;

export type Reading =
  { readonly kind: 'line'; readonly id: string; readonly line: Json } | { readonly kind: 'left'; readonly why: Left };
const left = (why: Left): Reading => ({ kind: 'left', why });

/** Expired for so long that no clock which is a little behind takes the token. Seconds. */
const EXPIRED_SECONDS = 3_600;

/** The line of a batch that says what the key says. */
export function readKey(found: FoundKey, rules: KeyRules, nowMs: number): Reading {
  const places = found.key.includes('\ufffd') ? undefined : rules.template.read(found.key);
  if (places === undefined) return left('form');
  const token = places['token'] === undefined ? undefined : readToken(places['token']);
  if (token === 'unreadable') return left('token');
  const issuer = rules.issuer ?? token?.issuer;
  if (issuer === undefined || (token !== undefined && token.issuer !== issuer)) return left('issuer');
  if (token?.expiresAt !== undefined && token.expiresAt < nowMs / 1000 - EXPIRED_SECONDS) return left('ended');
  const end = token?.expiresAt ?? endOf(found, rules);
  if (end === undefined) return left('end');
  const members = membersOf(places, token);
  if (members === undefined) return left('hash');
  const at = rules.timeIsValue ? timeOf(found.value) : undefined;
  if (rules.timeIsValue && at === undefined) return left('time');
  const { scope } = rules.template;
  const command = {
    ...{ issuer, scope, ...members, reason: rules.reason },
    ...(at !== undefined && { at }),
    ...(end === 'lifted' && { until: 'lifted' }),
    ...(scope === 'token' && typeof end === 'number' && { expiresAt: end }),
  };
  // The end belongs to it: a key that was set again means another event, though the command may be the same.
  const id = `redis-${createHash('sha256')
    .update(JSON.stringify([command, end]))
    .digest('base64url')}`;
  return { kind: 'line', id, line: { ...command, idempotencyKey: id } };
}

function endOf({ ends }: FoundKey, { noTtl }: KeyRules): number | 'issuer' | 'lifted' | undefined {
  return ends === 'never' ? noTtl : Math.ceil(ends / 1000);
}

function membersOf(places: Readonly<Record<string, string>>, token: KeyToken | undefined): Json | undefined {
  const members = Object.entries(places).map(([name, text]) => {
    if (name === 'token') return [PLACES[name], token?.signingInputHash];
    return [PLACES[name], name === 'hash' ? hashOf(text) : text];
  });
  if (members.some(([, value]) => value === undefined)) return undefined;
  return Object.fromEntries(members) as Json;
}

const hashOf = (text: string): string | undefined => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex').toString('base64url');
  return /^[A-Za-z0-9_-]{43}=?$/.test(text) ? text.slice(0, 43) : undefined;
};

interface KeyToken {
  readonly signingInputHash: string;
  readonly issuer: string | undefined;
  readonly expiresAt: number | undefined;
}

/**
 * A token is named by the hash of its own text, and never by the `jti` in it: nobody has verified the token, and a forged one
 * that somebody logged out with would name the token of somebody else.
 */
function readToken(text: string): KeyToken | 'unreadable' {
  const [header = '', payload = '', signature, ...more] = text.split('.');
  const claims = jwtPart(payload);
  if (jwtPart(header) === undefined || claims === undefined || signature === undefined || more.length > 0)
    return 'unreadable';
  const { iss, exp } = claims;
  return {
    signingInputHash: createHash('sha256').update(`${header}.${payload}`, 'ascii').digest('base64url'),
    issuer: typeof iss === 'string' ? iss : undefined,
    expiresAt: typeof exp === 'number' && Number.isFinite(exp) && exp > 0 ? Math.ceil(exp) : undefined,
  };
}

/** Milliseconds begin where seconds would mean the year 5138. */
const MILLISECONDS_MIN = 100_000_000_000;

/** Epoch seconds: of seconds, of milliseconds, or of RFC 3339. */
function timeOf(value: string | undefined): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d{1,16}(\.\d+)?$/.test(text)) {
    const number = Number(text);
    return number >= MILLISECONDS_MIN ? number / 1000 : number;
  }
  const ms = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
