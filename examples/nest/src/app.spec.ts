// No broker, no keys: the node is replaced by one that a test tells what is revoked.
import { Controller, Module, type INestApplication } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { REVOCATIONS, RevocationsStrategy, type RevokedEvent } from '@revocast/nest/microservices';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';
import { AppModule } from './app.module.js';

const reacted: string[] = [];

@Controller()
class ReactionsController {
  @EventPattern(['subject.revoked'], REVOCATIONS)
  drop(event: RevokedEvent): void {
    reacted.push(event.id);
  }
}

@Module({ imports: [AppModule], controllers: [ReactionsController] })
class ReactingModule {}

describe('the app', () => {
  const revocations = new TestRevocations();
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    const builder = Test.createTestingModule({ imports: [ReactingModule] });
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
});
