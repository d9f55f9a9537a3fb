import { Controller, UseGuards, type Type } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Public, RevocationGuard } from '@revocast/nest';
import {
  REVOCATIONS,
  RevocationsStrategy,
  type ResyncEvent,
  type RevocationContext,
  type RevocationEvent,
  type RevocationsStrategyOptions,
  type RevokedEvent,
} from '@revocast/nest/microservices';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';
import { eventually } from '@revocast/testing';
import { startApp, type RunningApp } from './support.js';

let running: RunningApp | undefined;
afterEach(async () => {
  await running?.app.close();
  running = undefined;
});

async function anAppWith(controllers: Type[], more: Partial<RevocationsStrategyOptions> = {}) {
  const revocations = new TestRevocations();
  const strategy = new RevocationsStrategy({ node: revocations.node, ...more });
  running = await startApp({
    imports: [RevocationTestingModule.forTest(revocations)],
    controllers,
    before: (app) => app.connectMicroservice({ strategy }, { inheritAppConfig: true }),
  });
  await running.app.startAllMicroservices();
  return { revocations, strategy };
}

/** Retries without the pauses between them. */
const atOnce = {
  schedule: (_delayMs: number, task: () => void) => {
    const immediate = setImmediate(task);
    return () => clearImmediate(immediate);
  },
};

describe('reactions to revocations', () => {
  it('come to the handlers whose pattern names them, lifts too', async () => {
    const seen: string[] = [];
    @Controller()
    class Reactions {
      @EventPattern(['subject.revoked'], REVOCATIONS)
      revoked(@Payload() event: RevokedEvent): void {
        seen.push(`revoked ${'sub' in event.key ? event.key.sub : ''}`);
      }
      @EventPattern(['*.lifted'], REVOCATIONS)
      lifted(@Payload() event: RevocationEvent): void {
        seen.push(event.type);
      }
      @EventPattern(['resync'], REVOCATIONS)
      resync(@Payload() event: ResyncEvent): void {
        seen.push(event.because);
      }
    }
    const { revocations, strategy } = await anAppWith([Reactions]);
    const id = revocations.revoke({ scope: 'subject', sub: 'alice' });
    revocations.revoke({ scope: 'device', deviceId: 'phone-1' });
    revocations.lift(id);
    await eventually(() => expect(strategy.counters().delivered).toBe(3));
    expect(seen).toEqual(['revoked alice', 'subject.lifted']);
  });

  it('are awaited one after the other, in order', async () => {
    const seen: string[] = [];
    @Controller()
    class SlowReactions {
      @EventPattern(['*.revoked'], REVOCATIONS)
      async revoked(@Payload() { id }: RevokedEvent): Promise<void> {
        seen.push(`begin ${id}`);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(`end ${id}`);
      }
    }
    const { revocations } = await anAppWith([SlowReactions]);
    const ids = ['a', 'b', 'c'].map((sub) => revocations.revoke({ scope: 'subject', sub }));
    await eventually(() => expect(seen).toEqual(ids.flatMap((id) => [`begin ${id}`, `end ${id}`])));
  });

  it('are repeated while a handler fails, each handler for itself, and counted', async () => {
    const attempts: number[] = [];
    let others = 0;
    @Controller()
    class FailingReactions {
      @EventPattern(['subject.revoked'], REVOCATIONS)
      failing(@Ctx() context: RevocationContext): void {
        attempts.push(context.attempt);
        if (context.attempt < 3) throw new Error('not yet');
      }
      @EventPattern(['subject.*'], REVOCATIONS)
      steady(): void {
        others += 1;
      }
    }
    const { revocations, strategy } = await anAppWith([FailingReactions], atOnce);
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    await eventually(() => expect(strategy.counters()).toEqual({ delivered: 1, retried: 2, failed: 0 }));
    expect([attempts, others]).toEqual([[1, 2, 3], 1]);
  });

  it('are given up after the last attempt, counted, and hold nothing else up', async () => {
    const seen: string[] = [];
    @Controller()
    class BrokenReactions {
      @EventPattern(['subject.revoked'], REVOCATIONS)
      failing(): void {
        throw new Error('never');
      }
      @EventPattern(['device.revoked'], REVOCATIONS)
      steady({ id }: RevokedEvent): void {
        seen.push(id);
      }
    }
    const { revocations, strategy } = await anAppWith([BrokenReactions], { ...atOnce, attemptsMax: 4 });
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    const id = revocations.revoke({ scope: 'device', deviceId: 'phone-1' });
    await eventually(() => expect(seen).toEqual([id]));
    expect(strategy.counters()).toEqual({ delivered: 2, retried: 3, failed: 1 });
  });

  it('come to no handler behind the HTTP guard, which knows no token here, unless it is public', async () => {
    const seen: string[] = [];
    @UseGuards(RevocationGuard)
    @Controller()
    class GuardedReactions {
      @EventPattern(['subject.revoked'], REVOCATIONS)
      guarded(): void {
        seen.push('guarded');
      }
      @Public()
      @EventPattern(['subject.*'], REVOCATIONS)
      open(): void {
        seen.push('open');
      }
    }
    const { revocations, strategy } = await anAppWith([GuardedReactions], atOnce);
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    await eventually(() => expect(strategy.counters().delivered).toBe(1));
    expect([seen, strategy.counters().failed]).toEqual([['open'], 1]);
  });

  it('are refused at start where no event could ever reach a handler', async () => {
    @Controller()
    class Misspelt {
      @EventPattern(['subjects.revoked'], REVOCATIONS)
      misspelt(): void {
        throw new Error('is not called');
      }
      @MessagePattern(['subject.revoked'], REVOCATIONS)
      request(): void {
        throw new Error('is not called');
      }
    }
    const refused = await anAppWith([Misspelt]).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'ERR_CONFIG' });
    expect(String(refused)).toContain('subjects.revoked: no event has such a type');
    expect(String(refused)).toContain('subject.revoked: REVOCATIONS has events only');
  });

  it('end with the application, also while a handler goes on failing', async () => {
    @Controller()
    class StubbornReactions {
      @EventPattern(['subject.revoked'], REVOCATIONS)
      failing(): void {
        throw new Error('never');
      }
    }
    const { revocations, strategy } = await anAppWith([StubbornReactions], { ...atOnce, attemptsMax: 1e9 });
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    await eventually(() => expect(strategy.counters().retried).toBeGreaterThan(10));
    await running?.app.close();
    running = undefined;
    const { retried } = strategy.counters();
    await new Promise((resolve) => setImmediate(resolve));
    expect(strategy.counters().retried).toBe(retried);
  });
});
