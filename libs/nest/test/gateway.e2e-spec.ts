import { APP_GUARD } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterEach, expect, it } from '@jest/globals';
import { Public, RevocationGuard, RevocationNode } from '@revocast/nest';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';
import { eventually } from '@revocast/testing';
import { WebSocket } from 'ws';
import { OrdersGateway } from '../../../test/packages/snippets/nest-gateway.js';
import { startApp, type RunningApp } from './support.js';

@WebSocketGateway({ path: '/forgotten' })
class ForgetfulGateway {
  @SubscribeMessage('who')
  who(): unknown {
    return { event: 'who', data: 'anybody' };
  }

  @Public()
  @SubscribeMessage('open')
  open(): unknown {
    return { event: 'open', data: 'open' };
  }
}

let running: RunningApp | undefined;
const opened: WebSocket[] = [];
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.terminate();
  await running?.app.close();
});

async function aGateway() {
  const revocations = new TestRevocations();
  running = await startApp({
    adapter: 'express',
    imports: [RevocationTestingModule.forTest(revocations)],
    providers: [OrdersGateway, ForgetfulGateway, { provide: APP_GUARD, useExisting: RevocationGuard }],
    before: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
  });
  const { url, app } = running;
  const connect = (path: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const socket = new WebSocket(url.replace('http', 'ws') + path, { headers });
    opened.push(socket);
    const heard: unknown[] = [];
    const closed: number[] = [];
    socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString())));
    socket.on('close', (code) => closed.push(code));
    socket.on('error', () => undefined);
    const say = (event: string): void => socket.send(JSON.stringify({ event, data: {} }));
    return { socket, heard, closed, say };
  };
  return { revocations, connect, node: app.get(RevocationNode) };
}

it('lets a socket in by the request that opened it, answers its messages, and closes it when its token is revoked', async () => {
  const { revocations, connect, node } = await aGateway();
  const [alice, bob] = [revocations.token(), revocations.token({ sub: 'bob' })].map((token) =>
    connect('/orders', token),
  );
  await eventually(() => expect([alice?.heard, bob?.heard]).toEqual([['welcome'], ['welcome']]));
  alice?.say('who');
  await eventually(() => expect(alice?.heard).toContainEqual({ event: 'who', data: 'alice' }));
  expect(node.live.size).toBe(2);
  revocations.revoke({ scope: 'subject', sub: 'alice' });
  await eventually(() => expect(alice?.closed).toEqual([4401]));
  expect([bob?.closed, node.live.size]).toEqual([[], 1]);
  bob?.socket.close();
  await eventually(() => expect(node.live.size).toBe(0));
});

it('closes a socket that brings no token or a revoked one, and one that nobody can judge as "try again later"', async () => {
  const { revocations, connect, node } = await aGateway();
  const token = revocations.token();
  revocations.revoke({ scope: 'subject', sub: 'alice' });
  const refused = [connect('/orders'), connect('/orders', token), connect('/orders', 'abc')];
  await eventually(() => expect(refused.map(({ closed }) => closed)).toEqual([[4401], [4401], [4401]]));
  revocations.setState('neverCurrent');
  const unknown = connect('/orders', revocations.token({ sub: 'bob' }));
  await eventually(() => expect(unknown.closed).toEqual([1013]));
  expect([refused.flatMap(({ heard }) => heard), unknown.heard, node.live.size]).toEqual([[], [], 0]);
});

it('holds a message to the policy of its handler, in the shape that clients of gateways know', async () => {
  const { revocations, connect } = await aGateway();
  const { socket, heard, closed, say } = connect('/orders', revocations.token());
  await eventually(() => expect(heard).toEqual(['welcome']));
  revocations.setState({ stalenessMs: 20_000 });
  say('pay');
  const problem = { status: 503, code: 'ERR_REVOCATION_UNKNOWN', retryAfterSeconds: expect.any(Number) };
  await eventually(() => expect(heard).toContainEqual(expect.objectContaining({ event: 'exception' })));
  expect(heard.at(-1)).toMatchObject({ data: problem });
  say('who');
  await eventually(() => expect(heard.at(-1)).toEqual({ event: 'who', data: 'alice' }));
  expect([closed, socket.readyState]).toEqual([[], WebSocket.OPEN]);
});

it('answers no message of a socket that nobody let in, but public ones', async () => {
  const { connect, revocations } = await aGateway();
  const { socket, heard, say } = connect('/forgotten', revocations.token());
  await eventually(() => expect(socket.readyState).toBe(WebSocket.OPEN));
  say('who');
  say('open');
  await eventually(() => expect(heard).toHaveLength(2));
  expect(heard).toContainEqual({ event: 'open', data: 'open' });
  expect(JSON.stringify(heard)).not.toContain('anybody');
});
