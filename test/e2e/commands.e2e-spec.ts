import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@revocast/testing';
import { DEV_ISSUER, isAlive, type LocalFleet, makeHome, removeHome, runToEnd, startFleet } from './local-fleet.js';

const everyPid = (fleet: LocalFleet): readonly number[] => [fleet.pids.service, ...fleet.pids.nodes, fleet.pids.nats];

const accepts = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const answer = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });

describe('the start command', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await makeHome();
  });
  afterAll(() => removeHome(dir));

  it('keeps keys and data over a restart, and Ctrl-C ends every process', async () => {
    const first = await startFleet(dir, ['--nodes', '1']);
    const token = await first.token('--sub', 'alice', '--device', 'phone-1');
    const answer = await first.call('POST', '/v1/revocations', {
      issuer: DEV_ISSUER,
      scope: 'device',
      deviceId: 'phone-1',
    });
    expect(answer.status).toBe(201);
    expect(await first.stop()).toBe(0);
    expect(everyPid(first).filter(isAlive)).toEqual([]);

    const second = await startFleet(dir, ['--nodes', '1']);
    expect(second.apiKey).toBe(first.apiKey);
    expect(await second.ask(second.nodes[0] ?? '', token)).toBe(401);
    const stored = await second.call('GET', `/v1/revocations/${String(answer.body['id'])}`);
    expect(stored).toMatchObject({ status: 200, body: { scope: 'device', deviceId: 'phone-1' } });
    await second.stop();
  }, 120_000);

  it('starts the service or nats-server again when it dies, and leaves nothing behind when it is killed itself', async () => {
    const fleet = await startFleet(dir, ['--nodes', '1']);
    process.kill(fleet.pids.service, 'SIGKILL');
    const isReady = async (): Promise<void> => {
      const response = await fetch(`${fleet.service}/health/ready`);
      expect(response.status).toBe(200);
    };
    await eventually(isReady, { withinMs: 20_000 });
    process.kill(fleet.pids.nats, 'SIGKILL');
    await eventually(() => expect(isAlive(fleet.pids.nats)).toBe(false));
    const command = { issuer: DEV_ISSUER, scope: 'subject', sub: 'after-the-crash' };
    await eventually(async () => expect((await fleet.call('POST', '/v1/revocations', command)).status).toBe(201), {
      withinMs: 30_000,
    });
    fleet.child.kill('SIGKILL');
    await eventually(
      async () => {
        expect(everyPid(fleet).filter(isAlive)).toEqual([]);
        await expect(fetch(fleet.service)).rejects.toThrow();
        expect(await accepts(fleet.nats)).toBe(false);
      },
      { withinMs: 15_000 },
    );
  }, 120_000);
});

describe('the demo command', () => {
  it('plays every story without one accept after the answer', async () => {
    const { code, stdout } = await runToEnd('demo.mjs', ['--json']);
    const summary = JSON.parse(stdout) as { nodes: number; checks: readonly { name: string; ok: boolean }[] };
    expect(summary.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(summary.nodes).toBe(3);
    expect(summary.checks.length).toBeGreaterThan(30);
    expect(code).toBe(0);
  }, 180_000);
});
