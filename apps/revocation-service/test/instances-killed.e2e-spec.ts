import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type Api } from './support/api.js';
import { ServiceProcess } from './support/service-process.js';
import { Deployment, ISSUER, WRITER_KEY } from './support/settings.js';
import { TestNode } from './support/test-node.js';

const command = (jti: string): object => ({ issuer: ISSUER, scope: 'token', jti });
const PATIENCE = { withinMs: 60_000 };

describe('Of two instances, one killed by SIGKILL', () => {
  let deployment: Deployment;
  let nats: TestNats;
  let directories: readonly [string, string];
  const running: ServiceProcess[] = [];

  beforeEach(async () => {
    deployment = new Deployment();
    directories = [deployment.dataDirectory, new Deployment().dataDirectory];
    nats = await startTestNats();
  }, 60_000);
  afterEach(async () => {
    for (const service of running.splice(0)) await service.kill();
    await nats.dispose();
  });

  const start = async (at: 0 | 1): Promise<{ readonly service: ServiceProcess; readonly api: Api }> => {
    const settings = { REVOCAST_DATA_DIR: directories[at] };
    const service = ServiceProcess.spawn(await deployment.environment(nats.url, settings));
    running.push(service);
    return { service, api: await service.ready() };
  };
  const countOf = async (api: Api): Promise<number> => {
    const { text } = await api.call('GET', '/metrics', { key: null });
    return Number(/^revocast_live_entries (\d+)/m.exec(text)?.[1]);
  };

  it('between publish and answer, leaves a command that the other answers from the log: one effect, one record', async () => {
    const a = await start(0);
    const b = await start(1);
    const headers = { 'idempotency-key': 'killed', prefer: 'respond-async' };
    await nats.pause();
    // The record is in the socket of the frozen broker; its confirmation reaches nobody.
    const unanswered = a.api.revoke(command('killed'), headers).catch(() => undefined);
    await eventually(async () => expect((await a.api.get('/v1/revocations')).body.items).toHaveLength(1), PATIENCE);
    await a.service.kill();
    await unanswered;
    await nats.resume();
    const answer = await eventually(async () => {
      const one = await b.api.revoke(command('killed'), headers);
      if (one.status !== 201) throw new Error(one.text);
      return one;
    }, PATIENCE);
    const again = await start(0);
    const replayed = await again.api.revoke(command('killed'), headers);
    const fixed = ({ id, sequence, retainUntil }: typeof answer.body): unknown => [id, sequence, retainUntil];
    expect(fixed(replayed.body)).toEqual(fixed(answer.body));
    const next = await again.api.revoke(command('next'), { prefer: 'respond-async' });
    expect(next.body.sequence - answer.body.sequence).toBe(1);
  }, 240_000);

  it('in the middle of a batch, can be taken over by the other: sent there again, each line has one effect', async () => {
    const count = 6_000;
    const lines = Array.from({ length: count }, (_, at) => JSON.stringify(command(`batch-${at}`))).join('\n');
    const a = await start(0);
    const b = await start(1);
    const answered = await sendUntil(a.api, lines, 1_500);
    expect(answered.length).toBeGreaterThanOrEqual(1_500);
    await a.service.kill();
    const rest = await sendUntil(b.api, lines, count + 1);
    expect(rest.at(-1)).toMatchObject({ done: true, accepted: count, rejected: 0 });
    for (const { line, id, sequence } of answered) {
      // What the first instance answered is what the second answers: it took it from the log.
      expect(rest[line - 1]).toMatchObject({ id, sequence });
    }
    const again = await start(0);
    await eventually(async () => {
      for (const api of [again.api, b.api]) expect(await countOf(api)).toBe(count);
      expect((await again.api.get('/health/ready')).body).toMatchObject({ pendingRecords: 0 });
    }, PATIENCE);
  }, 240_000);

  it('while it fills a new epoch, leaves the opening to the other', async () => {
    const a = await start(0);
    const b = await start(1);
    const { body } = await a.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'alice', until: 'lifted' });
    await eventually(async () => expect((await b.api.get(`/v1/revocations/${body.id}`)).status).toBe(200), PATIENCE);
    const begun = ({ service }: typeof a): boolean =>
      service.logged.filter(({ event }) => event === 'epochBegun').length > 0;
    const before = [a, b].map(({ service }) => service.logged.length);
    await nats.wipe();
    await nats.start();
    const creator = await eventually(() => {
      const found = [a, b].find(({ service }, at) =>
        service.logged.slice(before[at]).some(({ event }) => event === 'epochBegun'),
      );
      if (found === undefined) throw new Error(`not begun yet ${[a, b].map(begun).join()}`);
      return found;
    }, PATIENCE);
    await creator.service.kill();
    const survivor = creator === a ? b : a;
    await eventually(async () => {
      const ready = await survivor.api.get('/health/ready');
      expect(ready.status).toBe(200);
      expect(ready.body.epoch).not.toBe(body.epoch);
    }, PATIENCE);
    expect(survivor.service.logged.some(({ event }) => event === 'logDamaged' || event === 'epochAdopted')).toBe(true);
    const node = await TestNode.start(deployment, nats.url, 'after-it');
    expect(await node.gate.check(await deployment.token({ sub: 'alice' }))).toMatchObject({ revocationId: body.id });
    await node.vanish();
  }, 240_000);
});

interface ResultLine {
  readonly line: number;
  readonly id: string;
  readonly sequence: number;
}

/** Sends a batch and reads its answers until there are `enough` or no more. */
async function sendUntil(api: Api, body: string, enough: number): Promise<readonly ResultLine[]> {
  const response = await fetch(`${api.url}/v1/revocations/batch`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-ndjson',
      authorization: `Bearer ${WRITER_KEY}`,
      'idempotency-key': 'one-batch',
    },
    body,
  });
  const results: ResultLine[] = [];
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    const complete = text.split('\n');
    text = complete.pop() ?? '';
    results.push(...complete.map((line) => JSON.parse(line) as ResultLine));
    if (results.length >= enough) break;
  }
  return results;
}
