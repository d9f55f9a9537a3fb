import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@revocast/testing';
import { DEV_ISSUER, type LocalFleet, makeHome, removeHome, startFleet } from './local-fleet.js';

interface Propagation {
  readonly state: string;
  readonly nodes: number;
  readonly applied: number;
  readonly silent: readonly { readonly node: string; readonly openUntil?: string }[];
}
interface NodeRow {
  readonly node: string;
  readonly state: string;
}

// Long enough that a dead node is seen as silent for some seconds before its bound has run out, on a slow machine too.
const BOUND_MS = 8_000;
const NODES = 8;

describe('a fleet of eight nodes, each a process of its own', () => {
  let dir: string;
  let fleet: LocalFleet;

  beforeAll(async () => {
    dir = await makeHome();
    fleet = await startFleet(dir, ['--nodes', String(NODES)], { REVOCAST_STALENESS_MS_MAX: String(BOUND_MS) });
  }, 120_000);
  afterAll(async () => {
    await fleet.stop();
    await removeHome(dir);
  }, 60_000);

  const kill = (sub: string, headers: Record<string, string> = {}): ReturnType<LocalFleet['call']> =>
    fleet.call('POST', '/v1/revocations', { issuer: DEV_ISSUER, scope: 'subject', sub }, headers);
  const propagationOf = (body: Record<string, unknown>): Propagation => body['propagation'] as Propagation;

  it('says enforced with eight of eight in the default answer, and every node refuses', async () => {
    const token = await fleet.token('--sub', 'alice');
    expect(await Promise.all(fleet.nodes.map((node) => fleet.ask(node, token)))).toEqual(Array(NODES).fill(200));
    const answer = await kill('alice');
    expect(answer.status).toBe(201);
    expect(propagationOf(answer.body)).toMatchObject({ state: 'enforced', nodes: NODES, applied: NODES });
    expect(await Promise.all(fleet.nodes.map((node) => fleet.ask(node, token)))).toEqual(Array(NODES).fill(401));
  });

  it('never accepts on a node that was stopped for longer than its bound while the kill happened', async () => {
    const token = await fleet.token('--sub', 'bob');
    const [node, pid] = [fleet.nodes[0] ?? '', fleet.pids.nodes[0] ?? 0];
    expect(await fleet.ask(node, token)).toBe(200);
    process.kill(pid, 'SIGSTOP');
    // Sent while the process is stopped: the kernel takes them, the node reads them when it wakes up.
    // A connection that the waking node resets brings no status: that is no accept either.
    const asked = Array.from({ length: 50 }, () => fleet.ask(node, token).catch(() => 'reset'));
    const answer = await kill('bob', { prefer: 'wait=30' });
    expect(propagationOf(answer.body).state).toBe('enforced');
    process.kill(pid, 'SIGCONT');
    const statuses = await Promise.all(asked);
    expect(statuses).not.toContain(200);
    expect(statuses.some((status) => status === 401 || status === 503)).toBe(true);
    const accepted: number[] = [];
    const isRefused = async (): Promise<void> => {
      const status = await fleet.ask(node, token);
      if (status === 200) accepted.push(status);
      expect(status).toBe(401);
    };
    await eventually(isRefused, { withinMs: 20_000 });
    expect(accepted).toEqual([]);
  }, 60_000);

  it('shows a node killed by SIGKILL as silent within three seconds and says until when it counts as open', async () => {
    const pid = fleet.pids.nodes.at(-1) ?? 0;
    const name = `node-${new URL(fleet.nodes.at(-1) ?? '').port}`;
    process.kill(pid, 'SIGKILL');
    // That it takes 3 s and no longer is shown on manual time where the rule stands; here, that a dead process meets it.
    const isSilent = async (): Promise<void> => {
      const { body } = await fleet.call('GET', '/v1/nodes');
      const rows = body['nodes'] as readonly NodeRow[];
      expect(rows.filter((row) => row.node === name).map((row) => row.state)).toContain('silent');
    };
    await eventually(isSilent, { withinMs: BOUND_MS });
    const answer = await kill('carol', { prefer: 'respond-async' });
    const silent = propagationOf(answer.body).silent.find((each) => each.node === name);
    expect(silent?.openUntil).toEqual(expect.stringMatching(/^\d{4}-\d\d-\d\dT/));
  }, 60_000);
});
