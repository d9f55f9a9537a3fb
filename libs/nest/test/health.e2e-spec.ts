import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import { afterEach, expect, it } from '@jest/globals';
import { RevocationHealthIndicator } from '@revocast/nest';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';
import { startApp, type RunningApp } from './support.js';

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly revocation: RevocationHealthIndicator,
  ) {}

  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.revocation.isHealthy()]);
  }
}

let running: RunningApp | undefined;
afterEach(() => running?.app.close());

it('is an indicator that terminus understands: down until the node was current once, then up with its state', async () => {
  const revocations = new TestRevocations();
  const { get } = (running = await startApp({
    imports: [RevocationTestingModule.forTest(revocations), TerminusModule],
    controllers: [HealthController],
  }));
  revocations.setState('neverCurrent');
  const before = await get('/ready');
  expect(before.status).toBe(503);
  expect(await before.json()).toMatchObject({ error: { revocation: { status: 'down', state: 'catchingUp' } } });
  revocations.setState('stale');
  const after = await get('/ready');
  expect(after.status).toBe(200);
  expect(await after.json()).toMatchObject({ info: { revocation: { status: 'up', state: 'stale', guarded: false } } });
});
