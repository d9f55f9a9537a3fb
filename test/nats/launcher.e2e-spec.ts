import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { ensureNatsServer, PINNED_VERSION, PortTakenError, startNatsServer } from '@revocast/testing/nats-launcher';

const silent = (): void => undefined;
const STAY = 'setInterval(() => {}, 1000);';

/** One field of a process, or undefined when it is gone; one that nobody has reaped yet is gone too. */
async function processField(pid: number, field: 'ppid' | 'pgid' | 'stat'): Promise<string | undefined> {
  const ps = promisify(execFile)('ps', ['-o', `stat=,${field}=`, '-p', String(pid)]);
  const { stdout } = await ps.catch(() => ({ stdout: '' }));
  const [stat = 'Z', value] = stdout.trim().split(/\s+/);
  return stat === '' || stat.startsWith('Z') ? undefined : value;
}

const isAlive = async (pid: number): Promise<boolean> => (await processField(pid, 'stat')) !== undefined;

const expectGone = (pid: number): Promise<void> =>
  eventually(async () => expect(await isAlive(pid)).toBe(false), { withinMs: 15_000 });

describe('a server of the launcher', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'revocast-launcher-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** A process that starts a server and prints its pid, then does `after`. */
  async function startParent(after: string): Promise<{ parent: ChildProcess; serverPid: number }> {
    const script = `
      import { startNatsServer } from ${JSON.stringify(resolve('tools/nats/index.mjs'))};
      const env = { ...process.env, NATS_URL: '' };
      const server = await startNatsServer({ storeDir: ${JSON.stringify(directory)}, env, log: () => {} });
      console.log(server.pid);
      ${after}`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    return { parent, serverPid: Number(line) };
  }

  it('is gone after its parent was killed by SIGKILL, and so is its guardian', async () => {
    const { parent, serverPid } = await startParent(STAY);
    const guardianPid = Number(await processField(serverPid, 'ppid'));
    expect(await isAlive(serverPid)).toBe(true);
    parent.kill('SIGKILL');
    await expectGone(serverPid);
    await expectGone(guardianPid);
  });

  it('is gone after SIGKILL of its parent even while it is stopped', async () => {
    const { parent, serverPid } = await startParent(STAY);
    process.kill(serverPid, 'SIGSTOP');
    parent.kill('SIGKILL');
    await expectGone(serverPid);
  });

  it('keeps no parent running that forgets it, and ends with it', async () => {
    const { parent, serverPid } = await startParent('');
    await once(parent, 'exit');
    await expectGone(serverPid);
  });

  it('is gone when its guardian is killed', async () => {
    const { parent, serverPid } = await startParent(STAY);
    const guardianPid = Number(await processField(serverPid, 'ppid'));
    process.kill(guardianPid, 'SIGKILL');
    await expectGone(serverPid);
    parent.kill('SIGKILL');
  });

  it('is not in the process group of its parent: Ctrl-C in the terminal leaves the order of shutdown to the parent', async () => {
    const { parent, serverPid } = await startParent(STAY);
    expect(await processField(serverPid, 'pgid')).not.toBe(await processField(parent.pid!, 'pgid'));
    parent.kill('SIGKILL');
    await expectGone(serverPid);
  });

  it('waits for the one before it on the same store, and never runs beside it', async () => {
    const binary = await ensureNatsServer({ log: silent });
    const first = await startNatsServer({ storeDir: directory, binary });
    const second = startNatsServer({ storeDir: directory, binary });
    // Alone it would be up in a third of that.
    expect(await Promise.race([second, delay(500, 'waits')])).toBe('waits');
    await first.stop();
    await (await second).stop();
  });

  it('says so when the given port is taken, and finds a free one by itself', async () => {
    const stranger: Server = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as { port: number };
    const binary = await ensureNatsServer({ log: silent });
    await expect(startNatsServer({ storeDir: directory, binary, port })).rejects.toThrow(PortTakenError);
    const server = await startNatsServer({ storeDir: directory, binary });
    expect(server.port).not.toBe(port);
    await server.stop();
    stranger.close();
  });

  it('reports the words of nats-server when the configuration is wrong', async () => {
    const binary = await ensureNatsServer({ log: silent });
    const start = startNatsServer({ storeDir: directory, binary, config: 'no_such_option: 1' });
    await expect(start).rejects.toThrow('unknown field "no_such_option"');
  });

  it('is not started where NATS_URL names another one, which is then never stopped by us', async () => {
    const env = { NATS_URL: 'nats://elsewhere.example:4222' };
    const server = await startNatsServer({ storeDir: directory, env, log: silent });
    expect([server.url, server.origin, server.pid]).toEqual([env.NATS_URL, 'NATS_URL', undefined]);
    await server.stop();
    await expect(server.kill()).rejects.toThrow('not ours');
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('the test harness', () => {
  let nats: TestNats | undefined;
  afterEach(() => nats?.dispose());

  async function streamNames(server: TestNats): Promise<unknown> {
    const connection = await connect({ servers: server.url, reconnect: false, timeout: 2_000 });
    const answer = await connection.request('$JS.API.STREAM.NAMES', '');
    await connection.close();
    return answer.json<{ streams?: string[] | null }>().streams ?? [];
  }

  async function createStream(server: TestNats): Promise<void> {
    const connection = await connect({ servers: server.url, reconnect: false });
    await connection.request(
      '$JS.API.STREAM.CREATE.KEPT',
      JSON.stringify({ name: 'KEPT', subjects: ['kept'], storage: 'file' }),
    );
    await connection.close();
  }

  it('keeps the store and the address over a kill, and loses the store in a wipe', async () => {
    nats = await startTestNats();
    await createStream(nats);
    const { url } = nats;
    const pid = nats.pid();
    await nats.kill();
    expect(await isAlive(pid)).toBe(false);
    await nats.start();
    expect([nats.url, await streamNames(nats)]).toEqual([url, ['KEPT']]);
    await nats.wipe();
    await nats.start();
    expect([nats.url, await streamNames(nats)]).toEqual([url, []]);
  });

  it('stops a server in its tracks and lets it go on', async () => {
    nats = await startTestNats();
    const connection = await connect({ servers: nats.url, reconnect: false });
    await nats.pause();
    const answer = connection.flush().then(() => 'answered');
    expect(await Promise.race([answer, delay(200, 'no answer')])).toBe('no answer');
    await nats.resume();
    expect(await answer).toBe('answered');
    await connection.close();
  });

  it('asks the monitoring port only when told to', async () => {
    nats = await startTestNats({ monitor: true });
    const answer = await fetch(`${String(nats.monitorUrl())}/varz`);
    expect(await answer.json()).toMatchObject({ version: nats.version, port: nats.port });
  });
});

describe('the shipped server files', () => {
  const env = {
    NATS_SERVICE_PASSWORD: 'p1',
    NATS_API_NODE_PASSWORD: 'p2',
    NATS_COMMANDS_PASSWORD: 'p3',
    NATS_STORE_DIR: join(tmpdir(), 'revocast-never-made'),
    NATS_SERVER_NAME: 'nats-1',
    NATS_ROUTE_PASSWORD: 'p4',
    NATS_ROUTES: '["nats://route:p4@nats-2:6222"]',
  };

  // sync_interval needs 2.10, so these are for newer servers only: the pinned one, whatever else the suite runs on.
  it.each(['dev.conf', 'server.conf', 'cluster.conf'])('%s is valid', async (file) => {
    const { path } = await ensureNatsServer({ version: PINNED_VERSION, log: silent });
    const check = promisify(execFile)(path, ['-t', '-c', resolve('deploy/nats', file)], { env });
    expect((await check).stderr).toContain('is valid');
  });
});
