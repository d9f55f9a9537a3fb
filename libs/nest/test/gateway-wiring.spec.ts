import { UseGuards, type CanActivate, type Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Test } from '@nestjs/testing';
import { expect, it } from '@jest/globals';
import { Public, RevocationGuard } from '@revocast/nest';
import { RevocationTestingModule } from '@revocast/nest/testing';
import { gatewaysLeftOut, unguardedGateways } from '../src/gateway-wiring.js';

class OwnGuard extends RevocationGuard {}
class ElseGuard implements CanActivate {
  canActivate = (): boolean => true;
}

@WebSocketGateway()
class OpenGateway {
  @SubscribeMessage('who')
  who(): void {
    // Nobody asks.
  }
}

@WebSocketGateway()
@UseGuards(ElseGuard)
class ElseGateway extends OpenGateway {}

@WebSocketGateway()
class HalfGateway {
  @UseGuards(RevocationGuard)
  @SubscribeMessage('who')
  who(): void {
    // Nobody asks.
  }

  @SubscribeMessage('pay')
  pay(): void {
    // Nobody asks.
  }
}

@WebSocketGateway()
@UseGuards(OwnGuard)
class GuardedGateway extends OpenGateway {}

@WebSocketGateway()
class SettledGateway {
  @UseGuards(RevocationGuard)
  @SubscribeMessage('who')
  who(): void {
    // Nobody asks.
  }

  @Public()
  @SubscribeMessage('open')
  open(): void {
    // Nobody asks.
  }
}

@WebSocketGateway()
class SilentGateway {
  handleConnection(): void {
    // Takes no message.
  }
}

const modulesWith = async (...providers: Type[]): Promise<ModulesContainer> => {
  const module = await Test.createTestingModule({ imports: [RevocationTestingModule.forTest()], providers }).compile();
  return module.get(ModulesContainer);
};

it('names the gateways with a message that neither our guard nor a mark is about', async () => {
  const all = [OpenGateway, ElseGateway, HalfGateway, GuardedGateway, SettledGateway, SilentGateway];
  const unguarded = unguardedGateways(RevocationGuard, await modulesWith(...all));
  expect(unguarded).toEqual(['OpenGateway', 'ElseGateway', 'HalfGateway']);
});

it('leaves out none with a Nest that asks global guards about gateways', async () => {
  expect(await gatewaysLeftOut(RevocationGuard, await modulesWith(OpenGateway))).toEqual([]);
});
