/** How often each status came. 0 stands for no answer. */
type Statuses = Readonly<Record<string, number>>;

interface Speed {
  readonly perSecond: number;
  readonly toUnchecked: number;
  readonly cpuMicros: number;
  readonly brokerMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Outage extends Percentiles {
  readonly good: Statuses;
  readonly revoked: Statuses;
  readonly goodAgainMs: number;
}

interface Missed {
  readonly whileCut: number;
  readonly refusedAfterMs: number | null;
  readonly inTheEnd: number;
}

interface Restart {
  readonly readyMs: number;
  readonly entries: number;
  readonly revokedBefore: Statuses;
  readonly withoutBroker: { readonly listens: boolean; readonly good: Statuses; readonly revoked: Statuses };
}

interface Held {
  readonly nodeMb: number;
  readonly nodeRssMb: number;
  readonly filledInSeconds: number;
}

type Per<Kind extends string, Value> = Readonly<Record<Kind, Value>>;
type Persistence = Per<'get' | 'pubsub' | 'pubsubNewNode', number>;

/** What `npm run compare:redis -- --json` prints; parts that were not asked for are missing. */
export interface Comparison {
  readonly speed?: Per<'unchecked' | 'get' | 'pubsub' | 'revocast' | 'revocastUncached', Speed>;
  readonly revocation?: Per<'get' | 'pubsub' | 'revocast', Per<'refused' | 'answered', Percentiles>>;
  readonly outage?: Per<'killed' | 'hung', Per<'get' | 'getOrPass' | 'pubsub' | 'revocast', Outage>>;
  readonly missed?: Per<'get' | 'pubsub' | 'pubsubRescan' | 'revocast', Missed>;
  readonly restart?: Per<'get' | 'pubsub' | 'revocast', Restart>;
  readonly memory?: {
    readonly entries: number;
    readonly pubsub: Held;
    readonly revocast: Held;
    readonly redisMb: number;
    readonly processesMb: Per<'redis' | 'nats' | 'service', number>;
  };
  readonly broker?: {
    readonly redis: Per<'none' | 'rdb' | 'aof', Persistence>;
    readonly revocast: {
      readonly runningNode: { readonly good: Statuses; readonly revoked: Statuses };
      readonly newNode: { readonly readyMs: number; readonly revokedBefore: Statuses };
    };
  };
}

export type Row = readonly [what: string, get: string, pubsub: string, ours: string];
export const HEAD: Row = ['', 'Redis, a GET per request', 'Redis, pub/sub into a Map', 'Revocast'];

const answersOf = (statuses: Statuses): string => Object.keys(statuses).join(', ').replace(/\b0\b/, 'no answer');
const passesOr = (status: number): string => (status === 200 ? 'passes' : String(status));
const both = ({ p50Ms, p99Ms }: Percentiles): string => `${p50Ms} / ${p99Ms} ms`;

function speedRows({ unchecked, get, pubsub, revocast, revocastUncached }: NonNullable<Comparison['speed']>): Row[] {
  const row = (what: string, of: (speed: Speed) => string): Row => [
    `${what} (signature only: ${of(unchecked)})`,
    of(get),
    of(pubsub),
    `${of(revocast)}; cache off ${of(revocastUncached)}`,
  ];
  return [
    row('requests a second', ({ perSecond }) => String(perSecond)),
    row('a request alone, p50 / p99', both),
    row('processor of node + broker, µs a request', ({ cpuMicros, brokerMicros }) => `${cpuMicros} + ${brokerMicros}`),
  ];
}

const revocationRow = ({ get, pubsub, revocast }: NonNullable<Comparison['revocation']>): Row => {
  const { refused, answered } = revocast;
  const ours = `${both(refused)}; the answer that it is enforced ${both(answered)}`;
  return ['command sent to refused, p50 / p99', both(get.refused), both(pubsub.refused), ours];
};

const outageRow = (
  how: string,
  { get, getOrPass, pubsub, revocast }: NonNullable<Comparison['outage']>['killed'],
): Row => {
  const of = ({ good, revoked, p99Ms }: Outage): string =>
    `good ${answersOf(good)}, revoked ${answersOf(revoked)}, p99 ${p99Ms} ms`;
  return [`broker ${how}`, `${of(get)}; or, if errors pass: ${of(getOrPass)}`, of(pubsub), of(revocast)];
};

const missedRow = ({ get, pubsub, pubsubRescan, revocast }: NonNullable<Comparison['missed']>): Row => {
  const of = ({ whileCut, refusedAfterMs, inTheEnd }: Missed): string =>
    refusedAfterMs === null
      ? `${passesOr(whileCut)}, and after the line is good: ${passesOr(inTheEnd)}`
      : `${passesOr(whileCut)}, refused ${refusedAfterMs} ms after the line is good`;
  const careful = `${of(pubsub)}; with SCAN on reconnect: ${of(pubsubRescan)}`;
  return ['revoked while the line is cut', of(get), careful, of(revocast)];
};

function restartRows({ get, pubsub, revocast }: NonNullable<Comparison['restart']>): Row[] {
  const ready = ({ readyMs, entries, revokedBefore }: Restart): string => {
    const before = answersOf(revokedBefore);
    return `${readyMs} ms (${entries} held); revoked token before: ${before === '' ? 'refused at once' : before}`;
  };
  const alone = ({ withoutBroker: { listens, good, revoked } }: Restart): string =>
    listens ? `good ${answersOf(good)}, revoked ${answersOf(revoked)}` : 'does not listen';
  return [
    ['a node starts, until it is protected', ready(get), ready(pubsub), ready(revocast)],
    ['a node starts without its broker', alone(get), alone(pubsub), alone(revocast)],
  ];
}

function brokerRow({ redis: { none, rdb, aof }, revocast }: NonNullable<Comparison['broker']>): Row {
  const get = ({ get: status }: Persistence): string => passesOr(status);
  const pubsub = ({ pubsub: status, pubsubNewNode }: Persistence): string =>
    `${passesOr(status)}, new node ${passesOr(pubsubNewNode)}`;
  const { runningNode, newNode } = revocast;
  return [
    'revoked token after the broker was killed: nothing on disk / Redis defaults (RDB) / AOF; ours: disk wiped',
    [none, rdb, aof].map(get).join(' / '),
    [none, rdb, aof].map(pubsub).join(' / '),
    `${answersOf(runningNode.revoked)} (good ones ${answersOf(runningNode.good)}), new node ${answersOf(newNode.revokedBefore)} for ${newNode.readyMs} ms, then 401`,
  ];
}

const memoryRows = ({ entries, pubsub, revocast, redisMb, processesMb }: NonNullable<Comparison['memory']>): Row[] => [
  [
    `memory of ${entries} revocations`,
    `0 on the node, ${redisMb} MB in Redis`,
    `${pubsub.nodeMb} MB on each node, ${redisMb} MB in Redis`,
    `${revocast.nodeMb} MB on each node`,
  ],
  ['seconds to revoke so many', 'as pub/sub', String(pubsub.filledInSeconds), String(revocast.filledInSeconds)],
  [
    'what runs besides, and its memory',
    `redis-server, ${processesMb.redis} MB`,
    `redis-server, ${processesMb.redis} MB`,
    `nats-server, ${processesMb.nats} MB, and the service, ${processesMb.service} MB`,
  ],
];

/** The comparison for people, row by row. */
export function rowsOf({ speed, revocation, outage, missed, restart, memory, broker }: Comparison): Row[] {
  return [
    ...(speed ? speedRows(speed) : []),
    ...(revocation ? [revocationRow(revocation)] : []),
    ...(outage ? [outageRow('killed', outage.killed), outageRow('hangs', outage.hung)] : []),
    ...(missed ? [missedRow(missed)] : []),
    ...(restart ? restartRows(restart) : []),
    ...(broker ? [brokerRow(broker)] : []),
    ...(memory ? memoryRows(memory) : []),
  ];
}

/** As a table of Markdown, which a terminal shows well enough. */
export const tableOf = (comparison: Comparison): string =>
  [HEAD, HEAD.map(() => '---'), ...rowsOf(comparison)].map((row) => `| ${row.join(' | ')} |`).join('\n');
