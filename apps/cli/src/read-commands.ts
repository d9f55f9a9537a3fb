import { wholeNumber } from './arguments.js';
import { type Command, print } from './command.js';
import { EXIT } from './failure.js';
import { idOf } from './kill.js';
import { conditionFacts, endingText, secondsText } from './kill-steps.js';
import { proofText } from './proof.js';
import { facts, isJson, type Json, listOf, member, plain, table } from './text.js';

const KEY_FIELDS = ['jti', 'signingInputHash', 'sid', 'sub', 'clientId', 'deviceId', 'kid', 'thumbprint'] as const;
/** The service's own limit. */
const PAGE_MAX = 200;

const FILTERS: Readonly<Record<string, string>> = {
  ...{ issuer: 'issuer', scope: 'scope', state: 'state', sub: 'sub', client: 'clientId', device: 'deviceId' },
  ...{ session: 'sid', jti: 'jti', kid: 'kid', thumbprint: 'thumbprint', cursor: 'cursor' },
};

const keyText = (one: Json): string =>
  [
    ...KEY_FIELDS.flatMap((field) => (one[field] === undefined ? [] : [`${field}=${plain(one[field])}`])),
    ...conditionText(one),
  ].join(' ') || '-';

/** What in a list must not look like a kill of everybody. */
const conditionText = (one: Json): readonly string[] => {
  const clients = member(one['condition'], 'exceptClients');
  const until = member(member(one['condition'], 'spread'), 'until');
  return [
    ...(Array.isArray(clients) ? [`except=${clients.map(plain).join(',')}`] : []),
    ...(until !== undefined && one['conditionEndedAt'] === undefined ? [`waves-until=${plain(until)}`] : []),
  ];
};

export const list: Command = {
  summary: 'revocations, newest first',
  help: `
  --issuer ISS, --scope SCOPE, --sub SUB, --device ID, --session SID,
  --jti JTI, --client ID, --kid KID, --thumbprint T
                            only those, exactly
  --state STATE             accepted, published, lifted, expired or noEffect
  --limit N                 of a page, 1 to ${PAGE_MAX} (default 50)
  --cursor CURSOR           the next page, as the one before named it`,
  options: { ...Object.fromEntries(Object.keys(FILTERS).map((name) => [name, 'string' as const])), limit: 'string' },
  values: {
    state: ['accepted', 'published', 'lifted', 'expired', 'noEffect'],
    scope: ['token', 'session', 'subject', 'client', 'grant', 'device', 'issuer', 'key'],
  },
  run: async (run) => {
    const { texts } = run.args;
    const query = Object.fromEntries(
      Object.entries(FILTERS).flatMap(([name, field]) => (texts[name] === undefined ? [] : [[field, texts[name]]])),
    ) as Record<string, string>;
    if (texts['limit'] !== undefined) query['limit'] = String(wholeNumber(texts['limit'], 'limit', [1, PAGE_MAX]));
    const answer = await run.service().json({ path: '/v1/revocations', query });
    print(run, answer, () => listText(answer));
    return EXIT.ok;
  },
};

export function listText(answer: Json): string {
  const rows = listOf(answer['items']).map((one) => [
    ...[one['id'], one['state'], one['scope'], keyText(one), one['acceptedAt']],
    `${plain(member(one['propagation'], 'applied'))}/${plain(member(one['propagation'], 'nodes'))}`,
    member(one['propagation'], 'state'),
  ]);
  const next = answer['next'];
  const more = typeof next === 'string' ? `more: --cursor ${plain(next)}\n` : '';
  return rows.length === 0
    ? 'no revocation\n'
    : `${table(['ID', 'STATE', 'SCOPE', 'KEY', 'ACCEPTED', 'APPLIED', 'PROOF'], rows)}${more}`;
}

export const show: Command = {
  summary: 'one revocation, its proof and the time of each node',
  help: 'ID',
  options: {},
  positionalsMax: 1,
  run: async (run) => {
    const answer = await run.service().json({ path: `/v1/revocations/${idOf(run)}` });
    print(run, answer, () => showText(answer));
    return EXIT.ok;
  },
};

export function showText(answer: Json): string {
  const nodes = listOf(member(answer['propagation'], 'appliedNodes'));
  const head = facts([
    ...(['id', 'state', 'issuer', 'scope', ...KEY_FIELDS, 'effect'] as const).map(
      (name) => [name, answer[name]] as const,
    ),
    ['issuedBefore', secondsText(answer['issuedBefore'])],
    ['retainUntil', secondsText(answer['retainUntil'])],
    ...conditionFacts(answer),
    ...(['acceptedAt', 'publishedAt', 'sequence', 'actor', 'reason'] as const).map(
      (name) => [name, answer[name]] as const,
    ),
    ['superseded by', answer['supersededBy']],
    ['coverage', member(answer['coverage'], 'note')],
    ['warning', member(answer['coverage'], 'warning')],
    ['refresh tokens', member(answer['refreshTokens'], 'note')],
    ['sessions there', endingText(answer['identityProvider'])],
    ['refused', refusedText(answer['refusals'])],
  ]);
  const rows = nodes.map((node) => [node['service'], node['node'], node['appliedAt'], node['afterMs']]);
  const times = rows.length === 0 ? '' : table(['SERVICE', 'NODE', 'APPLIED', 'AFTER MS'], rows);
  const lift = answer['lift'];
  const lifted = isJson(lift) ? `\nlifted at ${plain(lift['acceptedAt'])}: ${proofText(lift['propagation'])}` : '';
  return `${head}\n${proofText(answer['propagation'], answer['state'])}${times}${lifted}`;
}

/** "17 times since, last from service payments"; undefined where the service does not tell. */
export function refusedText(refusals: unknown): string | undefined {
  const refused = member(refusals, 'refused');
  if (refused === undefined) return undefined;
  const last = member(refusals, 'last');
  const atLeast = member(refusals, 'atLeast') === true ? 'at least ' : '';
  const from = isJson(last) ? `, last from service ${plain(last['service'])} at ${plain(last['at'])}` : '';
  const silent = member(refusals, 'notCounting');
  const names = Array.isArray(silent) && silent.length > 0 ? `; not counted by ${silent.map(plain).join(', ')}` : '';
  return `${atLeast}${plain(refused)} ${refused === 1 ? 'time' : 'times'} since${from}${names}`;
}

export const nodes: Command = {
  summary: 'the fleet: each node, its state and how far behind it is',
  help: '',
  options: {},
  run: async (run) => {
    const answer = await run.service().json({ path: '/v1/nodes' });
    print(run, answer, () => nodesText(answer));
    return EXIT.ok;
  },
};

export function nodesText(answer: Json): string {
  const rows = listOf(answer['nodes']).map((node) => [
    ...[node['service'], node['node'], node['state'], node['followerState'], node['mode'], node['lag']],
    ...[rounded(node['stalenessMs']), node['lastHeardAt']],
  ]);
  const head = ['SERVICE', 'NODE', 'STATE', 'FOLLOWER', 'MODE', 'LAG', 'STALENESS MS', 'LAST HEARD'];
  return rows.length === 0 ? 'no node was heard\n' : table(head, rows);
}

const rounded = (value: unknown): unknown => (typeof value === 'number' ? Math.round(value) : value);

export const status: Command = {
  summary: 'whether the service carries out commands; exits 1 if not',
  help: '',
  options: {},
  run: async (run) => {
    const { status: code, body } = await run.service().answer({ path: '/health/ready' }, [503]);
    print(run, body, () => statusText(body));
    return code === 200 ? EXIT.ok : EXIT.failed;
  },
};

export function statusText(body: Json): string {
  const said = (name: string, word: string): string =>
    listOf(body[name])
      .map(({ code, detail }) => `  ${word}: ${plain(code)}: ${plain(detail)}\n`)
      .join('');
  const follower = body['follower'];
  return (
    facts([
      ['status', body['status']],
      ['epoch', body['epoch']],
      ['pending records', body['pendingRecords']],
      ['follower', member(follower, 'state')],
      ['live entries', member(follower, 'liveEntries')],
    ]) +
    said('reasons', 'reason') +
    said('warnings', 'warning')
  );
}
