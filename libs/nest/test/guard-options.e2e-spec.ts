import { Controller, Get, Req } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RevocationGuard, RevocationModule, type RevocationGuardOptions } from '@revocast/nest';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';
import { Test } from '@nestjs/testing';
import { aBroker, anIssuer, ADAPTERS, optionsFor, startApp, type AdapterName, type RunningApp } from './support.js';

@Controller()
class ApiController {
  @Get('me')
  me(@Req() request: Record<string, unknown>): unknown {
    return { user: request['user'], caller: request['caller'] };
  }
}

let running: RunningApp | undefined;
afterEach(() => running?.app.close());

async function anApp(options: RevocationGuardOptions, adapter: AdapterName = 'express') {
  const revocations = new TestRevocations();
  running = await startApp({
    adapter,
    imports: [RevocationTestingModule.forTest(revocations, options)],
    controllers: [ApiController],
    providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
  });
  const { url } = running;
  return { revocations, ask: (headers: Record<string, string>) => fetch(`${url}/me`, { headers }) };
}

describe.each(ADAPTERS)('where the guard finds the token on %s', (adapter) => {
  it('is the cookie it was told of, where the header brings none', async () => {
    const { revocations, ask } = await anApp({ cookie: 'session' }, adapter);
    const token = revocations.token();
    expect((await ask({ cookie: `other=1; session=${token}` })).status).toBe(200);
    expect((await ask({ cookie: `other=${token}` })).status).toBe(401);
    expect((await ask({ cookie: `session=${token}; session=${token}` })).status).toBe(400);
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    expect((await ask({ cookie: `session=${token}` })).status).toBe(401);
  });

  it('is what getToken says, and nothing else then', async () => {
    const getToken = (request: { headers: Record<string, string> }): string | undefined => request.headers['x-token'];
    const { revocations, ask } = await anApp({ getToken }, adapter);
    const token = revocations.token();
    expect((await ask({ 'x-token': token })).status).toBe(200);
    expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(401);
  });

  it('is on what getRequest gives, which gets the claims as well, under the name of userProperty', async () => {
    const getRequest: RevocationGuardOptions['getRequest'] = (context) => context.switchToHttp().getRequest<object>();
    const { revocations, ask } = await anApp({ getRequest, userProperty: 'caller' }, adapter);
    const answer = await ask({ authorization: `Bearer ${revocations.token()}` });
    expect(await answer.json()).toEqual({ caller: expect.objectContaining({ sub: 'alice' }) });
  });
});

it('stays as forRoot was told when a test takes the node out of the application', async () => {
  const options = { ...optionsFor(aBroker(), [anIssuer().input]), cookie: 'session' };
  const revocations = new TestRevocations();
  const builder = Test.createTestingModule({
    imports: [RevocationModule.forRoot(options)],
    controllers: [ApiController],
    providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
  });
  const module = await RevocationTestingModule.override(builder, revocations).compile();
  const app = module.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  try {
    const headers = { cookie: `session=${revocations.token()}` };
    expect((await fetch(`${await app.getUrl()}/me`, { headers })).status).toBe(200);
  } finally {
    await app.close();
  }
});

it('are all named where they are wrong or contradict each other, and nothing starts', async () => {
  const options = {
    ...optionsFor(aBroker(), [anIssuer().input]),
    ...{ cookie: 'a=b', getToken: 'header', userProperty: 'headers', getRequest: 1 },
    verifiedClaims: { from: 'auth..payload', whole: 'yes' },
  };
  const message = await startApp({ adapter: 'express', imports: [RevocationModule.forRoot(options as never)] }).then(
    String,
    String,
  );
  const named = ['cookie: ', 'getToken: ', 'getRequest: ', 'userProperty: ', 'cookie and getToken exclude'];
  const beside = ['verifiedClaims.from', 'verifiedClaims.whole', 'leave out cookie, getToken, userProperty'];
  for (const problem of [...named, ...beside]) expect(message).toContain(problem);
});
