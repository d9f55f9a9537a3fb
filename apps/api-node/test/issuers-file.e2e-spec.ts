import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '@revocast/testing';
import { aKey, startNode, type StartedNode } from './support.js';

let directory: string;
let node: StartedNode | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'revocast-issuers-'));
});
afterEach(async () => {
  await node?.app.close();
  await rm(directory, { recursive: true, force: true });
});

it('accepts tokens of a new key once the issuers file names it, and keeps what it has when the file breaks', async () => {
  const path = join(directory, 'issuers.json');
  await writeFile(path, '[]');
  const { get, key, openEpoch } = (node = await startNode(path));
  openEpoch();
  const statusOf = async (token: string) => (await get('/me', token)).status;
  const old = await key.token();
  await eventually(async () => expect(await statusOf(old)).toBe(200));
  const rotated = aKey();
  const fresh = await rotated.token();
  expect(await statusOf(fresh)).toBe(401);
  await writeFile(path, '[{"issuer":');
  await writeFile(path, JSON.stringify(rotated.issuers));
  await eventually(async () => expect(await statusOf(fresh)).toBe(200), { withinMs: 10_000 });
  expect(await statusOf(old)).toBe(401);
}, 20_000);
