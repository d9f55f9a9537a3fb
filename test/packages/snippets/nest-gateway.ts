import { type IncomingMessage } from 'node:http';
import { UseGuards } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { RevocationGuard, RevocationPolicy, RevocationSockets, type RevocationRequest } from '@revocast/nest';
import { type WebSocket } from 'ws';

// Before version 12 Nest asks no guard of the whole application about messages of gateways.
@UseGuards(RevocationGuard)
@WebSocketGateway({ path: '/orders' })
export class OrdersGateway implements OnGatewayConnection {
  constructor(private readonly sockets: RevocationSockets) {}

  async handleConnection(client: WebSocket, request: IncomingMessage): Promise<void> {
    if (await this.sockets.admit(client, request)) client.send('"welcome"');
  }

  @SubscribeMessage('who')
  who(client: WebSocket & RevocationRequest): unknown {
    return { event: 'who', data: client.user['sub'] };
  }

  @RevocationPolicy({ stalenessMsMax: 15_000 })
  @SubscribeMessage('pay')
  pay(): unknown {
    return { event: 'pay', data: 'paid' };
  }
}
