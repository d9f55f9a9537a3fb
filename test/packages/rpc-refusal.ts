// Added to the Nest example as a test of its own: the exception is loaded late, from the package that took the call.
import { Test } from '@nestjs/testing';
import { type ExecutionContext } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { expect, it } from '@jest/globals';
import { RevocationGuard } from '@revocast/nest';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';

const handlers = { name: 'Handlers' };

it('refuses a message with the exception of the package that took it', async () => {
  const revocations = new TestRevocations();
  const builder = Test.createTestingModule({
    imports: [RevocationTestingModule.forTest(revocations)],
    providers: [RevocationGuard],
  });
  const module = await builder.compile();
  const args: unknown[] = [{}, { getMessage: () => ({ headers: { authorization: 'Bearer abc' } }) }];
  const context = {
    getType: () => 'rpc',
    getClass: () => handlers,
    getHandler: () => () => undefined,
    getArgByIndex: (index: number) => args[index],
  } as unknown as ExecutionContext;
  const refused: unknown = await Promise.resolve(module.get(RevocationGuard).canActivate(context)).catch(
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(RpcException);
  await module.close();
});
