import { UseGuards } from '@nestjs/common';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { RevocationGuard, RevocationPolicy, RevocationSockets, type RevocationRequest } from '@revocast/nest';
import { type Socket } from 'socket.io';

// Before version 12 Nest asks no guard of the whole application about messages of gateways.
@UseGuards(RevocationGuard)
@WebSocketGateway()
export class OrdersGateway implements OnGatewayConnection {
  constructor(private readonly sockets: RevocationSockets) {}

  async handleConnection(client: Socket): Promise<void> {
    if (await this.sockets.admit(client)) client.emit('welcome');
  }

  @SubscribeMessage('who')
  who(@ConnectedSocket() client: Socket & RevocationRequest): unknown {
    return client.user['sub'];
  }

  @RevocationPolicy({ stalenessMsMax: 15_000 })
  @SubscribeMessage('pay')
  pay(): string {
    return 'paid';
  }
}
