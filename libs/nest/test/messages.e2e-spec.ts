import { join } from 'node:path';
import { credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Controller } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  ClientProxyFactory,
  Ctx,
  GrpcMethod,
  MessagePattern,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Public, RevocationGuard, type RevocationGuardOptions, type RevocationRequest } from '@revocast/nest';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';
import { freePort } from '@revocast/testing';
import { firstValueFrom } from 'rxjs';

const PROTO = join(import.meta.dirname, 'grpc.proto');

@Controller()
class OrdersController {
  @GrpcMethod('Orders', 'Who')
  who(_request: unknown, metadata: Metadata & Partial<RevocationRequest>): unknown {
    return { sub: metadata.user?.['sub'] };
  }

  @Public()
  @GrpcMethod('Orders', 'Open')
  open(): unknown {
    return { sub: 'anybody' };
  }

  @MessagePattern('who')
  ask(@Ctx() context: Partial<RevocationRequest>): unknown {
    return context.user?.['sub'];
  }
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function aService(options: MicroserviceOptions, guardOptions?: RevocationGuardOptions) {
  const revocations = new TestRevocations();
  const module = await Test.createTestingModule({
    imports: [RevocationTestingModule.forTest(revocations, guardOptions)],
    controllers: [OrdersController],
    providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
  }).compile();
  const app = module.createNestMicroservice<MicroserviceOptions>({ ...options, logger: false });
  await app.listen();
  ends.push(() => app.close());
  return revocations;
}

type Answer = { readonly sub: string } | ServiceError;
type Method = (request: object, metadata: Metadata, done: (error: ServiceError | null, answer: Answer) => void) => void;

async function overGrpc() {
  const url = `127.0.0.1:${await freePort()}`;
  const revocations = await aService({
    transport: Transport.GRPC,
    options: { package: 'orders', protoPath: PROTO, url },
  });
  const { orders } = loadPackageDefinition(loadSync(PROTO)) as unknown as {
    orders: { Orders: new (url: string, how: unknown) => Record<string, Method> & { close(): void } };
  };
  const client = new orders.Orders(url, credentials.createInsecure());
  ends.push(() => client.close());
  const call = (name: string, token?: string): Promise<Answer> => {
    const metadata = new Metadata();
    if (token !== undefined) metadata.add('authorization', `Bearer ${token}`);
    return new Promise((resolve) => client[name]?.({}, metadata, (error, answer) => resolve(error ?? answer)));
  };
  return { revocations, call };
}

describe('a gRPC method', () => {
  it('lets an active token in, which the metadata brings, and gives its claims to the handler', async () => {
    const { revocations, call } = await overGrpc();
    expect(await call('who', revocations.token({ sub: 'bob' }))).toEqual({ sub: 'bob' });
    expect(await call('open')).toEqual({ sub: 'anybody' });
  });

  it('answers UNAUTHENTICATED to what is revoked, missing or bad, and UNAVAILABLE when nobody can say', async () => {
    const { revocations, call } = await overGrpc();
    const token = revocations.token();
    expect(await call('who', 'abc')).toMatchObject({ code: 16, details: 'ERR_TOKEN_MALFORMED' });
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    expect(await call('who', token)).toMatchObject({ code: 16, details: 'ERR_TOKEN_REVOKED' });
    expect(await call('who')).toMatchObject({ code: 16, details: 'ERR_TOKEN_MISSING' });
    revocations.setState('stale');
    const unknown = await call('who', revocations.token({ sub: 'bob' }));
    expect(unknown).toMatchObject({ code: 14, details: 'ERR_REVOCATION_UNKNOWN' });
  });
});

describe('a message over TCP, which has no headers', () => {
  async function overTcp(guardOptions?: RevocationGuardOptions) {
    const options = { host: '127.0.0.1', port: await freePort() };
    const revocations = await aService({ transport: Transport.TCP, options }, guardOptions);
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
    ends.push(() => client.close());
    const send = (data: object): Promise<unknown> =>
      firstValueFrom(client.send<unknown>('who', data)).catch((error: unknown) => error);
    return { revocations, send };
  }

  it('is checked by the token that getToken finds in it', async () => {
    const getToken: RevocationGuardOptions['getToken'] = (_request, context) =>
      context?.switchToRpc().getData<{ token?: string }>().token;
    const { revocations, send } = await overTcp({ getToken });
    const token = revocations.token();
    expect(await send({ token })).toBe('alice');
    expect(await send({})).toMatchObject({ status: 401, code: 'ERR_TOKEN_MISSING' });
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    expect(await send({ token })).toMatchObject({ status: 401, code: 'ERR_TOKEN_REVOKED' });
    revocations.setState('stale');
    const unknown = await send({ token: revocations.token({ sub: 'bob' }) });
    expect(unknown).toMatchObject({ status: 503, retryAfterSeconds: expect.any(Number) });
  });

  it('is refused when nobody said where its token is', async () => {
    const { revocations, send } = await overTcp();
    const answer = await send({ token: revocations.token() });
    expect(answer).not.toBe('alice');
    expect(answer).toMatchObject({ status: 'error' });
  });
});
