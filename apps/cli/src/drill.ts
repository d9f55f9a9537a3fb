import { randomUUID } from 'node:crypto';
import { wholeNumber } from './arguments.js';
import { type Command, print, type Run } from './command.js';
import { type Round, roundOf, roundText } from './drill-round.js';
import { EXIT, type ExitCode, Failure, usage } from './failure.js';
import { isEnforced } from './proof.js';
import { type Json, plain } from './text.js';

/** Nodes know a token id that begins so; the library has the same text. */
export const CANARY_PREFIX = 'revocast-canary-';
const POLL_MS = 100;
const WITHIN_SECONDS_DEFAULT = 5;
/** The service waits no longer. */
const WITHIN_SECONDS_MAX = 60;
const DAY_SECONDS = 86_400;
const COUNT_MAX = 1_000_000;

export const drill: Command = {
  summary: 'revoke a canary and see it refused on every node, in time',
  help: `--issuer ISS                of the nodes; its tokens name a jti
  --within SECONDS          the slowest node may take, 1 to ${WITHIN_SECONDS_MAX} (default ${WITHIN_SECONDS_DEFAULT})
  --every SECONDS           again and again, until Ctrl-C or --count
  --count N                 so many times (needs --every)
  --dry-run                 show what would be revoked; nothing is
The canary is a token id that no token has. Exit: 0 each time refused by all
nodes in time, 3 if ever not.`,
  options: { issuer: 'string', within: 'string', every: 'string', count: 'string', 'dry-run': 'boolean' },
  run: async (run) => {
    const plan = planOf(run);
    if (run.args.flags.has('dry-run')) return preview(run, plan);
    return plan.everyMs === undefined ? once(run, plan) : again(run, plan, plan.everyMs);
  },
};

interface Plan {
  readonly issuer: string;
  readonly withinMs: number;
  readonly everyMs: number | undefined;
  readonly count: number;
}

function planOf({ args: { texts } }: Run): Plan {
  const { issuer, within, every, count } = texts;
  if (issuer === undefined) throw usage('Name an issuer of the nodes with --issuer.');
  if (count !== undefined && every === undefined) throw usage('--count goes with --every.');
  const seconds =
    within === undefined ? WITHIN_SECONDS_DEFAULT : wholeNumber(within, 'within', [1, WITHIN_SECONDS_MAX]);
  return {
    issuer,
    withinMs: seconds * 1000,
    everyMs: every === undefined ? undefined : wholeNumber(every, 'every', [1, DAY_SECONDS]) * 1000,
    count: count === undefined ? Infinity : wholeNumber(count, 'count', [1, COUNT_MAX]),
  };
}

const commandOf = ({ issuer }: Plan): Json => ({
  ...{ issuer, scope: 'token', jti: `${CANARY_PREFIX}${randomUUID()}`, reason: 'drill' },
});

async function preview(run: Run, plan: Plan): Promise<ExitCode> {
  const answer = await run.service().json({ method: 'POST', path: '/v1/revocations/preview', json: commandOf(plan) });
  const nodes = Array.isArray(answer['nodes']) ? answer['nodes'].length : 0;
  print(run, answer, () => `Nothing was revoked. It would be a token that nobody has, on ${nodes} nodes.\n`);
  return EXIT.ok;
}

async function once(run: Run, plan: Plan): Promise<ExitCode> {
  const round = await drillRound(run, plan);
  print(run, round, () => roundText(round, true));
  return round.passed ? EXIT.ok : EXIT.notEnforced;
}

async function again(run: Run, plan: Plan, everyMs: number): Promise<ExitCode> {
  const { world } = run;
  const isInterrupted = (): boolean => world.signal.aborted;
  const counts = { passed: 0, failed: 0 };
  for (let round = 0; round < plan.count; round++) {
    if (round > 0) await world.pause(everyMs);
    if (isInterrupted()) break;
    const passed = await attempt(run, plan);
    // What is cut off by Ctrl-C has neither passed nor failed.
    if (isInterrupted()) break;
    counts[passed ? 'passed' : 'failed'] += 1;
  }
  const { passed, failed } = counts;
  print(run, { done: true, passed, failed }, () => `done: ${passed} passed, ${failed} failed\n`);
  if (isInterrupted()) return EXIT.interrupted;
  return failed === 0 ? EXIT.ok : EXIT.notEnforced;
}

/** A service that cannot be reached is a drill that failed, and no reason to stop; a wrong key is one. */
async function attempt(run: Run, plan: Plan): Promise<boolean> {
  try {
    const round = await drillRound(run, plan);
    print(run, round, () => roundText(round, false));
    return round.passed;
  } catch (error) {
    const isOutage = error instanceof Failure && (error.exit === EXIT.unreachable || error.exit === EXIT.notEnforced);
    if (!isOutage) throw error;
    print(run, { passed: false, why: 'unreachable' }, () => `FAILED: ${plain(error.message)}\n`);
    return false;
  }
}

async function drillRound(run: Run, plan: Plan): Promise<Round> {
  const service = run.service();
  const headers = { 'idempotency-key': randomUUID(), prefer: `wait=${plan.withinMs / 1000}` };
  const call = { path: '/v1/revocations', headers, json: commandOf(plan) };
  let answer = await service.json({ method: 'POST', ...call, repeatable: true });
  // A heartbeat later than the one that completed the proof may bring what a node showed, and the service waits no longer.
  for (let left = plan.withinMs / POLL_MS; ; left--) {
    const round = roundOf(answer, await service.json({ path: '/v1/nodes' }), plan.withinMs);
    if (round.why === 'passed' || round.why === 'tooSlow' || left <= 0 || run.world.signal.aborted) return round;
    await run.world.pause(POLL_MS);
    if (!isEnforced(answer))
      answer = await service.json({ path: `/v1/revocations/${encodeURIComponent(String(answer['id']))}` });
  }
}
