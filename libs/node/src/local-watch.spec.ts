import { describe, expect, it } from '@jest/globals';
import { type LocalReading } from '@revocast/core';
import { type Refusal } from '@revocast/gate';
import { epochOpenedBody, InMemoryBroker, ManualTime, someFacts } from '@revocast/testing';
import { createNode } from './create-node.js';
import { healthOf } from './health.js';
import { localFileLog } from './local-log.js';
import { LOOK_EVERY_MS, LOOK_MS_MAX } from './local-watch.js';
import { settingsFrom, type RevocationNodeOptions } from './options.js';

const ISSUER = 'https://issuer.example';
const ABSENT: LocalReading = { kind: 'absent' };
const BROKEN: LocalReading = { kind: 'unreadable', because: 'is no JSON object' };

/** A node on time that stands still, whose local file is whatever `file.reading` says; `undefined` = a mount that hangs. */
async function aNode(first: LocalReading | undefined, more: Partial<RevocationNodeOptions> = {}, isOut = false) {
  const time = new ManualTime();
  const broker = new InMemoryBroker({ schedule: time.schedule, now: () => time.wall() });
  if (!isOut) broker.createLog('epoch-1');
  if (!isOut) broker.publish(epochOpenedBody());
  const file = { reading: first };
  const source = {
    look: () => (file.reading === undefined ? new Promise<never>(() => undefined) : Promise.resolve(file.reading)),
  };
  const feed = broker.createFeed();
  const settings = settingsFrom({
    ...{ feed, issuers: [{ issuer: ISSUER, audience: 'orders' }], mode: 'strict' as const },
    ...{ service: 'orders', localFile: source, clock: time, schedule: time.schedule },
    ...more,
  });
  const node = createNode(settings);
  const { live } = node;
  const health = { health: () => healthOf(node.status()) };
  void node.start();
  await time.advance(first === undefined ? LOOK_MS_MAX : 0);
  if (!isOut) await time.until(() => node.status().state === 'current');
  const seconds = (ms: number): number => (time.wall() + ms) / 1000;
  const now = Math.floor(seconds(0));
  const facts = someFacts({ issuedAt: now, expiresAt: now + 36_000, cutoffTime: now } as never);
  const kill = { issuer: ISSUER, scope: 'session', sid: 'sid-1', endsAt: seconds(3_600_000) };
  const override = (value: string, ms = 3_600_000) => ({ mode: { value, until: seconds(ms) } });
  const write = async (document: object): Promise<void> => {
    file.reading = { kind: 'document', document: { version: 1, ...document } };
    await time.advance(LOOK_EVERY_MS);
  };
  const closed: Refusal[] = [];
  live.register(facts, (why) => closed.push(why));
  return { time, broker, feed, node, live, health, file, facts, kill, override, write, closed };
}

describe('a node with a local file', () => {
  it('D18: closes the live connections that a local revocation hits, also while the broker is out', async () => {
    const { feed, node, facts, kill, write, closed } = await aNode(ABSENT);
    feed.disconnect();
    await write({ revocations: [{ ...kill, sid: 'sid-2' }] });
    expect(closed).toEqual([]);
    await write({ revocations: [kill] });
    expect(closed).toEqual([expect.objectContaining({ status: 401, scope: 'session' })]);
    expect(node.recheck(facts)).toMatchObject({ revocationId: expect.stringMatching(/^local:/) });
    await write({ revocations: [] });
    expect(node.recheck(facts)).toMatchObject({ outcome: 'pass' });
  });

  it('says in its first heartbeat that it listens to one, and dates what it says by the newest tick', async () => {
    const { broker, time } = await aNode(ABSENT);
    expect(broker.heartbeats[0]).toMatchObject({ mode: 'strict', localFile: { entries: 0, broken: false } });
    broker.tick();
    await time.advance(1_000);
    expect(broker.heartbeats.at(-1)?.newestTick).toEqual(expect.any(Number));
  });

  it('says a weaker mode at once, and applies it ten seconds later', async () => {
    const { broker, time, node, facts, kill, override, write } = await aNode(ABSENT);
    await write({ ...override('observe'), revocations: [kill] });
    expect(broker.heartbeats.at(-1)).toMatchObject({ mode: 'observe', localFile: { modeOverride: 'observe' } });
    expect(node.status()).toMatchObject({ mode: 'strict', localFile: { modeOverride: { inForce: false } } });
    const from = broker.heartbeats.length;
    await time.until(() => node.status().mode === 'observe', 11_000);
    expect(new Set(broker.heartbeats.slice(from).map(({ mode }) => mode))).toEqual(new Set(['observe']));
    expect(node.recheck(facts)).toMatchObject({ outcome: 'pass', verdict: { kind: 'revoked' } });
  });

  it('closes what a weaker mode let in before it says that the mode is over', async () => {
    const { broker, time, node, live, facts, kill, override, write } = await aNode(ABSENT);
    const mode = override('observe', 30_000);
    await write(mode);
    await time.until(() => node.status().mode === 'observe', 11_000);
    await write({ ...mode, revocations: [{ ...kill, endsAt: kill.endsAt + 3_600 }] });
    const said: unknown[] = [];
    live.register(facts, () => said.push(broker.heartbeats.at(-1)?.mode));
    await time.advance(2_000);
    expect(said).toEqual([]);
    await time.until(() => broker.heartbeats.at(-1)?.mode === 'strict', 40_000);
    expect(said).toEqual(['observe']);
  });

  it('opens for new processes while the broker is out, and is ready then', async () => {
    const scene = await aNode(ABSENT, {}, true);
    expect(scene.health.health().status).toBe('down');
    expect(scene.node.recheck(scene.facts)).toMatchObject({ status: 503 });
    await scene.write(scene.override('observe', 30_000));
    await scene.time.until(() => scene.node.status().mode === 'observe', 11_000);
    expect(scene.node.recheck(scene.facts).outcome).toBe('pass');
    expect(scene.health.health()).toMatchObject({ status: 'up', mode: 'observe' });
    await scene.time.advance(20_000);
    expect(scene.health.health()).toMatchObject({ status: 'down', mode: 'strict' });
  });
});

describe('a local file that is broken', () => {
  it('from the start leaves the node up, unknown and not ready, and heals without a restart', async () => {
    const { node, health, facts, kill, write, broker } = await aNode(BROKEN);
    expect(health.health()).toMatchObject({ status: 'down', state: 'current', localFile: { blind: true } });
    expect(node.recheck(facts)).toMatchObject({ status: 503, code: 'ERR_REVOCATION_UNKNOWN' });
    expect(broker.heartbeats.at(-1)).toMatchObject({ localFile: { entries: 0, broken: true } });
    await write({ revocations: [kill] });
    expect(health.health().status).toBe('up');
    expect(node.recheck(facts)).toMatchObject({ status: 401 });
  });

  it('later keeps the last good one in force, and is seen in heartbeat and health', async () => {
    const { time, node, health, facts, kill, write, file, broker } = await aNode(ABSENT);
    await write({ revocations: [kill] });
    file.reading = BROKEN;
    await time.advance(2 * LOOK_EVERY_MS);
    expect(node.recheck(facts)).toMatchObject({ status: 401 });
    expect(health.health()).toMatchObject({ status: 'up', localFile: { broken: 'is no JSON object', entries: 1 } });
    expect(broker.heartbeats.at(-1)?.localFile).toEqual({ entries: 1, broken: true });
  });

  it('because its mount hangs does not hold the start up for ever, nor a later look', async () => {
    const { node, health, facts } = await aNode(undefined);
    expect(health.health().localFile).toMatchObject({ blind: true, broken: 'does not answer' });
    expect(node.recheck(facts)).toMatchObject({ status: 503 });
    const later = await aNode(ABSENT);
    await later.write({ revocations: [later.kill] });
    later.file.reading = undefined;
    await later.time.advance(LOOK_MS_MAX + 3 * LOOK_EVERY_MS);
    expect(later.health.health().localFile).toMatchObject({ blind: false, broken: 'does not answer', entries: 1 });
  });

  it('is logged as an error once per change, and what is overridden as a warning each time', () => {
    const lines: unknown[] = [];
    const log = localFileLog({ warn: (line) => lines.push(line), error: (line) => lines.push(line) });
    const nothing = {
      revision: 0,
      entries: 0,
      ineffective: [],
      modeOverride: undefined,
      broken: undefined,
      blind: false,
    };
    log(nothing);
    log({ ...nothing, broken: 'a\nb' });
    log({ ...nothing, broken: 'a\nb' });
    log({ ...nothing, entries: 2, modeOverride: { value: 'observe', until: 0 as never, inForce: false } });
    log({ ...nothing });
    expect(lines).toEqual([
      { event: 'localFileBroken', inForce: 'the last good one', problems: ['a', 'b'] },
      expect.objectContaining({ entries: 2, mode: 'observe', until: '1970-01-01T00:00:00.000Z', inForce: false }),
      { event: 'localFile', revision: 0, entries: 0, ineffective: [] },
    ]);
  });
});
