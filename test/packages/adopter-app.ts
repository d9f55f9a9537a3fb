// The test suite of an adopter, as it would stand in a project of its own: only published packages, no broker, no keys.
// Each adopter project of this folder compiles it and runs it with its own jest.
import { Controller, Get, Module, Req, type ExecutionContext, type INestApplication } from '@nestjs/common';
import { EventPattern, RpcException } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RevocationGuard, type RevocationRequest } from '@revocast/nest';
import { REVOCATIONS, RevocationsStrategy, type RevokedEvent } from '@revocast/nest/microservices';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';
import { AppModule } from './snippet.js';

const reacted: string[] = [];

@Controller()
class OrdersController {
  @Get('me')
  me(@Req() request: RevocationRequest): unknown {
    return request.user['sub'];
  }

  @EventPattern(['subject.revoked'], REVOCATIONS)
  drop(event: RevokedEvent): void {
    reacted.push(event.id);
  }
}

@Module({ imports: [AppModule], controllers: [OrdersController] })
class OrdersModule {}

describe('an app made of the snippet', () => {
  const revocations = new TestRevocations();
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    const builder = Test.createTestingModule({ imports: [OrdersModule] });
    app = (await RevocationTestingModule.override(builder, revocations).compile()).createNestApplication();
    app.connectMicroservice({ strategy: new RevocationsStrategy({ node: revocations.node, since: 'start' }) });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterEach(() => app.close());

  const get = (token: string): Promise<Response> =>
    fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } });

  it('lets a good token in, refuses it once it is revoked, and reacts to that', async () => {
    const token = revocations.token({ sub: 'alice' });
    expect((await get(token)).status).toBe(200);
    const id = revocations.revoke({ scope: 'subject', sub: 'alice' });
    const refused = await get(token);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(/invalid_token/);
    expect((await get(revocations.token({ sub: 'bob' }))).status).toBe(200);
    while (!reacted.includes(id)) await new Promise((resolve) => setImmediate(resolve));
  });

  it('refuses a message with the exception of the package that took it', async () => {
    const headers = { authorization: 'Bearer abc' };
    const args: unknown[] = [{}, { getMessage: () => ({ headers }) }];
    const context = {
      getType: () => 'rpc',
      getClass: () => OrdersController,
      getHandler: () => () => undefined,
      getArgByIndex: (index: number) => args[index],
    } as unknown as ExecutionContext;
    const refused: unknown = await Promise.resolve(app.get(RevocationGuard).canActivate(context)).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(RpcException);
  });
});
