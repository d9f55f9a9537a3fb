// Added to an example of Nest before version 12 as a test of its own: there no global guard is asked about gateways.
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { expect, it } from '@jest/globals';
import { RevocationGuard } from '@revocast/nest';
import { RevocationTestingModule } from '@revocast/nest/testing';

@WebSocketGateway()
class OpenGateway {
  @SubscribeMessage('who')
  who(): string {
    return 'anybody';
  }
}

@Module({ providers: [OpenGateway, { provide: APP_GUARD, useExisting: RevocationGuard }] })
class OpenModule {}

it('starts no application with a gateway that only looks guarded', async () => {
  const imports = [RevocationTestingModule.forTest(), OpenModule];
  const app = (await Test.createTestingModule({ imports }).compile()).createNestApplication({ logger: false });
  const problem = { code: 'ERR_CONFIG', message: expect.stringContaining('OpenGateway') as unknown };
  await expect(app.init()).rejects.toMatchObject(problem);
  await app.close();
});
