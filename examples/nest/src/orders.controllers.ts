import { Controller, Get, Req } from '@nestjs/common';
import { Public, RevocationPolicy, type RevocationRequest } from '@revocast/nest';
import { healthOf, RevocationNode } from '@revocast/node';
import { verdicts } from './verdicts.js';

@Controller()
export class OrdersController {
  @Get('me')
  me(@Req() request: RevocationRequest): unknown {
    return request.user;
  }

  @Get('orders')
  @RevocationPolicy({ stalenessMsMax: 15_000 })
  orders(): unknown {
    return [];
  }
}

@Controller('health')
export class HealthController {
  constructor(private readonly node: RevocationNode) {}

  @Public()
  @Get()
  health(): unknown {
    return { ...healthOf(this.node.status()), verdicts };
  }
}
