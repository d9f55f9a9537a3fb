// No broker, no keys: the node is replaced by one that a test tells what is revoked.
import { type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';
import { createClient, type Client } from 'graphql-ws';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { AppModule } from './app.module.js';
import { shipments } from './orders.resolver.js';

let revocations: TestRevocations;
let app: INestApplication;
let url: string;
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  revocations = new TestRevocations();
  const builder = Test.createTestingModule({ imports: [AppModule] });
  app = (await RevocationTestingModule.override(builder, revocations).compile()).createNestApplication();
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await app.close();
});

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
};

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Readonly<Record<string, unknown>> }[];
}

async function query(text: string, token?: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query: text }) });
  return (await response.json()) as Answer;
}

describe('a GraphQL query', () => {
  it('is answered by its token, and refused in the words of GraphQL', async () => {
    const token = revocations.token({ sub: 'alice' });
    expect(await query('{ me }', token)).toEqual({ data: { me: 'alice' } });
    expect(await query('{ version }')).toEqual({ data: { version: '1' } });
    const refused = (reason: string) => [expect.objectContaining({ extensions: expect.objectContaining({ reason }) })];
    expect((await query('{ me }')).errors).toEqual(refused('ERR_TOKEN_MISSING'));
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    const { data, errors } = await query('{ me }', token);
    expect([data, errors]).toEqual([null, refused('ERR_TOKEN_REVOKED')]);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
  });
});

describe('a GraphQL subscription', () => {
  function subscribe(token?: string) {
    const [heard, closed]: [unknown[], number[]] = [[], []];
    const client: Client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      retryAttempts: 0,
      on: { closed: (event) => closed.push((event as { code: number }).code) },
    });
    ends.push(() => client.dispose());
    const hear = (what: unknown): void => void heard.push(what);
    client.subscribe({ query: 'subscription { shipped }' }, { next: hear, error: hear, complete: () => undefined });
    return { heard, closed };
  }

  it('goes on until its token is revoked, and then its socket is closed', async () => {
    const [alice, bob] = [revocations.token({ sub: 'alice' }), revocations.token({ sub: 'bob' })].map(subscribe);
    while (alice?.heard.length === 0 || bob?.heard.length === 0) {
      await shipments.publish('shipped', { shipped: 'order-1' });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([alice?.heard[0], bob?.heard[0]]).toEqual([
      { data: { shipped: 'order-1' } },
      { data: { shipped: 'order-1' } },
    ]);
    expect(revocations.node.live.size).toBe(2);
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    await until(() => alice?.closed.length === 1);
    expect([alice?.closed, bob?.closed, revocations.node.live.size]).toEqual([[4401], [], 1]);
  });

  it('does not begin without a good token', async () => {
    const revoked = revocations.token({ sub: 'alice' });
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    for (const [token, reason] of [
      [undefined, 'ERR_TOKEN_MISSING'] as const,
      [revoked, 'ERR_TOKEN_REVOKED'] as const,
    ]) {
      const { heard } = subscribe(token);
      await until(() => heard.length > 0);
      expect(JSON.stringify(heard)).toContain(reason);
    }
    expect(revocations.node.live.size).toBe(0);
  });
});

describe('a socket of Socket.IO', () => {
  function connect(auth: object, headers: Record<string, string> = {}) {
    const socket: Socket = io(url, { auth, extraHeaders: headers, transports: ['websocket'], reconnection: false });
    ends.push(() => socket.disconnect());
    const heard: unknown[] = [];
    socket.onAny((event: string, data: unknown) => heard.push([event, data]));
    socket.on('disconnect', (reason) => heard.push(reason));
    return { socket, heard };
  }

  it('is let in by what its client says or by its header, and ended when its token is revoked', async () => {
    const [alice, bob] = [revocations.token({ sub: 'alice' }), revocations.token({ sub: 'bob' })];
    const [one, other] = [connect({ token: alice }), connect({}, { authorization: `Bearer ${bob}` })];
    await until(() => one.heard.length > 0 && other.heard.length > 0);
    expect([one.heard, other.heard]).toEqual([[['welcome', undefined]], [['welcome', undefined]]]);
    expect([await one.socket.emitWithAck('who'), await other.socket.emitWithAck('who')]).toEqual(['alice', 'bob']);
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    await until(() => one.heard.includes('io server disconnect'));
    expect(await other.socket.emitWithAck('who')).toBe('bob');
    expect(revocations.node.live.size).toBe(1);
  });

  it('is told why and ended where it brings no good token', async () => {
    const { heard } = connect({});
    await until(() => heard.includes('io server disconnect'));
    expect(heard[0]).toEqual(['exception', expect.objectContaining({ status: 401, code: 'ERR_TOKEN_MISSING' })]);
  });

  it('has its messages held to the policy of their handlers', async () => {
    const { socket, heard } = connect({ token: revocations.token() });
    await until(() => heard.length > 0);
    expect(await socket.emitWithAck('pay')).toBe('paid');
    revocations.setState({ stalenessMs: 20_000 });
    socket.emit('pay');
    await until(() => heard.length > 1);
    const problem = { status: 503, code: 'ERR_REVOCATION_UNKNOWN', retryAfterSeconds: expect.any(Number) };
    expect(heard[1]).toEqual(['exception', expect.objectContaining(problem)]);
  });
});
