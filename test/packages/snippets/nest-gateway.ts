import { type IncomingMessage } from 'node:http';
import { SubscribeMessage, WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { RevocationPolicy, RevocationSockets, type RevocationRequest } from '@revocast/nest';
import { type WebSocket } from 'ws';

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
