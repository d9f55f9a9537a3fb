import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@revocast/testing';
import { AN_ISSUER, startNode, type StartedNode } from './support.js';

let folder: string;
let node: StartedNode | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'revocast-local-'));
});
afterEach(async () => {
  await node?.app.close();
  node = undefined;
  await rm(folder, { recursive: true, force: true });
});

const WITHIN = { withinMs: 10_000 };
const inAnHour = () => Math.floor(Date.now() / 1000) + 3_600;
const killOf = (key: object) => ({ issuer: AN_ISSUER, until: 'lifted', endsAt: inAnHour(), ...key });

/** A node that listens to a local file; `write` replaces it as a whole, as mounts and careful editors do. */
async function aNode(first?: string) {
  const path = join(folder, 'local.json');
  const writeText = async (text: string): Promise<void> => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  const write = (document: object): Promise<void> => writeText(JSON.stringify({ version: 1, ...document }));
  if (first !== undefined) await writeText(first);
  const started = (node = await startNode(undefined, path));
  const statusOf = async (token: string) => (await started.get('/me', token)).status;
  const ready = async () => {
    const response = await started.get('/health/ready');
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const metrics = async () => (await (await started.get('/metrics')).text()).split('\n');
  return { ...started, path, write, writeText, statusOf, ready, metrics };
}

describe('a node with a local file, while the broker is out', () => {
  it('refuses what the file revokes, ends its stream, and lets it in again when the file is gone', async () => {
    const { openEpoch, feed, key, get, statusOf, write, path, metrics } = await aNode();
    openEpoch();
    const [alice, bob] = [await key.token({ sid: 'sid-1' }), await key.token({ sub: 'bob' })];
    await eventually(async () => expect(await statusOf(alice)).toBe(200));
    feed.disconnect();
    const stream = await get('/stream', alice);
    await write({ revocations: [killOf({ scope: 'session', sid: 'sid-1' })] });
    expect(await stream.text()).toMatch(/event: end[^]*ERR_TOKEN_REVOKED/);
    expect([await statusOf(alice), await statusOf(bob)]).toEqual([401, 200]);
    expect(await metrics()).toEqual(
      expect.arrayContaining(['revocast_local_entries 1', 'revocast_local_file_broken 0', 'revocast_live_entries 0']),
    );
    await rm(path);
    await eventually(async () => expect(await statusOf(alice)).toBe(200), WITHIN);
  }, 30_000);

  it('keeps the last good file in force while the new one is broken, and shows it', async () => {
    const { openEpoch, key, statusOf, write, writeText, ready, metrics } = await aNode();
    openEpoch();
    const alice = await key.token();
    await write({ revocations: [killOf({ scope: 'subject', sub: 'alice' })] });
    await eventually(async () => expect(await statusOf(alice)).toBe(401), WITHIN);
    await writeText('{"version":1,"revocations":[{"sub":"alice"}]}');
    await eventually(async () => expect(await metrics()).toContain('revocast_local_file_broken 1'), WITHIN);
    expect(await statusOf(alice)).toBe(401);
    const { status, body } = await ready();
    expect([status, body['localFile']]).toEqual([200, expect.objectContaining({ entries: 1, blind: false })]);
    expect(JSON.stringify(body)).toContain('revocations[0].endsAt: is required');
    expect(JSON.stringify(body)).not.toContain('alice');
  }, 30_000);

  it('D16: with a broken file from the start is up and not ready, answers 503, and heals without a restart', async () => {
    const { openEpoch, key, statusOf, write, ready } = await aNode('{');
    openEpoch();
    await eventually(async () => expect((await ready()).body).toMatchObject({ state: 'current' }));
    expect(await ready()).toMatchObject({ status: 503, body: { status: 'down', localFile: { blind: true } } });
    const alice = await key.token();
    expect(await statusOf(alice)).toBe(503);
    await write({});
    await eventually(async () => expect(await statusOf(alice)).toBe(200), WITHIN);
    expect((await ready()).status).toBe(200);
  }, 30_000);

  it('opens at once with the file that it finds at its start, says so, and still lets no forged token in', async () => {
    const until = inAnHour();
    const document = { version: 1, mode: { value: 'observe', until, reason: 'broker is out' } };
    const { key, broker, openEpoch, statusOf, ready, metrics } = await aNode(JSON.stringify(document));
    expect(await statusOf(await key.token())).toBe(200);
    expect(await statusOf(`${(await key.token()).slice(0, -8)}AAAAAAAA`)).toBe(401);
    expect(await ready()).toMatchObject({ status: 200, body: { mode: 'observe' } });
    expect(await metrics()).toEqual(
      expect.arrayContaining(['revocast_mode_overridden 1', 'revocast_mode{mode="observe"} 1']),
    );
    openEpoch();
    const said = { mode: 'observe', localFile: { modeOverride: 'observe', until: until * 1000, broken: false } };
    await eventually(() => expect(broker.heartbeats.at(-1)).toMatchObject(said));
  }, 30_000);
});
