import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, freePort } from '@revocast/testing';
import { guardian } from '../fault/app-process.js';
import { findNginx } from '../proxy/nginx-binary.js';
import { DEV_ISSUER, type LocalFleet, makeHome, removeHome, startFleet } from './local-fleet.js';

const root = resolve(import.meta.dirname, '../..');

/** The commands of the README, for data and ports of the test. */
async function commandsOf(readme: string, dir: string): Promise<readonly string[]> {
  const block = /```sh\n([^]*?)```/.exec(await readFile(join(root, readme), 'utf8'))?.[1] ?? '';
  return block.trimEnd().replaceAll('.revocast/', `${dir}/`).split('\n');
}

/** A command that goes on until it is stopped. */
class Running {
  readonly #child: ChildProcess;
  #text = '';

  constructor(command: string, env: NodeJS.ProcessEnv) {
    // In place of the shell, so that its process is the one to stop.
    const direct = command.replace(/(?:^|(?<= ))(?=(?:node|nginx) )/, 'exec ');
    this.#child = spawn('sh', ['-c', direct], { cwd: root, env: { ...process.env, ...env }, stdio: 'pipe' });
    const { pid } = this.#child;
    if (pid !== undefined) guardian.watch(pid);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
    this.#child.once('exit', () => pid !== undefined && guardian.forget(pid));
  }

  output(): string {
    return this.#text;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }
}

describe('the example of nginx, by the words of its README', () => {
  const started: Running[] = [];
  let dir: string;
  let fleet: LocalFleet;
  beforeAll(async () => {
    dir = await makeHome();
    fleet = await startFleet(dir, ['--nodes', '1', '--apps']);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(started.map((each) => each.stop()));
    await fleet.stop();
    await removeHome(dir);
  });

  it('observes first, and refuses in mode strict', async () => {
    const [gate = '', orders = '', copy = '', nginx = '', ...more] = await commandsOf('examples/nginx/README.md', dir);
    expect(more).toEqual([]);
    const start = (command: string, env: NodeJS.ProcessEnv): Running => {
      const running = new Running(command, env);
      started.push(running);
      return running;
    };
    const [gatePort, appPort, port] = [await freePort(), await freePort(), await freePort()];
    const observing = start(gate, { PORT: String(gatePort) });
    start(orders, { PORT: String(appPort) });
    const copied = spawn('sh', ['-c', copy], { cwd: root });
    expect(await once(copied, 'exit')).toEqual([0, null]);
    await atPorts(join(dir, 'nginx/revocast.conf'), { 3010: gatePort, 8080: appPort, 8000: port });
    const found = await findNginx();
    const PATH = `${dirname(found.path)}${delimiter}${process.env['PATH'] ?? ''}`;
    const proxy = start(nginx, { ...found.env, PATH });

    const token = await fleet.token('--sub', 'alice', '--device', 'phone-1');
    const ask = async (bearer: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/me`, { headers: { authorization: `Bearer ${bearer}` } });
    const output = (): string => started.map((each) => each.output()).join('\n');
    await eventually(
      async () => {
        const answer = await ask(token).catch(() => undefined);
        if (answer?.status !== 200) throw new Error(`${answer?.status ?? 'none'} ${output()}`);
        expect(await answer.json()).toEqual({ sub: 'alice', verdict: 'active' });
      },
      { withinMs: 20_000 },
    );
    expect((await ask(`${token.slice(0, -4)}AAAA`)).status).toBe(401);

    const command = { issuer: DEV_ISSUER, scope: 'device', deviceId: 'phone-1' };
    expect((await fleet.call('POST', '/v1/revocations', command)).status).toBe(201);
    await eventually(async () => expect(await (await ask(token)).json()).toEqual({ sub: 'alice', verdict: 'revoked' }));

    await observing.stop();
    start(gate, { PORT: String(gatePort), REVOCAST_MODE: 'strict' });
    await eventually(
      async () => {
        const refused = await ask(token);
        expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"');
        expect([refused.status, await refused.json()]).toMatchObject([401, { code: 'ERR_TOKEN_REVOKED' }]);
      },
      { withinMs: 20_000 },
    );
    await proxy.stop();
  }, 60_000);
});

/** "Change the addresses at its top to yours." */
async function atPorts(path: string, ports: Readonly<Record<number, number>>): Promise<void> {
  let text = await readFile(path, 'utf8');
  for (const [given, own] of Object.entries(ports)) {
    expect(text.split(`127.0.0.1:${given};`)).toHaveLength(2);
    text = text.replace(`127.0.0.1:${given};`, `127.0.0.1:${own};`);
  }
  await writeFile(path, text);
}
