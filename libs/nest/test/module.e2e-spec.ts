import { Controller, Get, Injectable, Module, UseGuards, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Public,
  RevocationChecker,
  RevocationGuard,
  RevocationHealthIndicator,
  RevocationModule,
  RevocationNode,
  RevocationPolicy,
  type RevocationModuleOptions,
} from '@revocast/nest';
import { aRevocation, eventually, InMemoryBroker, ManualTime, revokedBody } from '@revocast/testing';
import { aBroker, AN_ISSUER, anIssuer, openEpoch, optionsFor, startApp, type RunningApp } from './support.js';

@Controller()
class OpenController {
  @Get('me')
  me(): string {
    return 'me';
  }
}

@UseGuards(RevocationGuard)
@Controller()
class GuardedController extends OpenController {}

const GLOBAL_GUARD = { provide: APP_GUARD, useExisting: RevocationGuard };

let running: RunningApp | undefined;
afterEach(async () => {
  await running?.app.close();
  running = undefined;
});

const issuer = anIssuer();

async function anApp(broker: InMemoryBroker, more: Partial<RevocationModuleOptions> = {}) {
  running = await startApp({
    imports: [RevocationModule.forRoot(optionsFor(broker, [issuer.input], more))],
    controllers: [OpenController],
    providers: [GLOBAL_GUARD],
  });
  return running;
}

const statusOf = async (app: RunningApp, token: string): Promise<number> => (await app.get('/me', token)).status;

describe('a node in an application', () => {
  it('D5: starts while the broker is down, answers 503 and is not ready', async () => {
    const feed = aBroker().createFeed();
    feed.disconnect();
    const app = await anApp(aBroker(), { feed });
    expect(await statusOf(app, await issuer.token())).toBe(503);
    expect(app.app.get(RevocationHealthIndicator).health()).toMatchObject({ status: 'down', state: 'connecting' });
  });

  it('lets tokens in once it is current, and stays ready when the broker goes away', async () => {
    const broker = aBroker();
    const feed = broker.createFeed();
    const app = await anApp(broker, { feed });
    openEpoch(broker);
    const token = await issuer.token();
    await eventually(async () => expect(await statusOf(app, token)).toBe(200));
    feed.disconnect();
    const health = app.app.get(RevocationHealthIndicator).isHealthy();
    expect(health.revocation).toMatchObject({ status: 'up', guarded: true });
  });

  it('is heard over each connection before it asks for a proof, so that no node is current unknown to the fleet', async () => {
    const broker = aBroker();
    openEpoch(broker);
    const feed = broker.createFeed();
    const said: string[] = [];
    const [report, head] = [feed.report.bind(feed), feed.head.bind(feed)];
    feed.report = (heartbeat) => {
      said.push('heartbeat');
      report(heartbeat);
    };
    feed.head = (log) => {
      said.push('question');
      return head(log);
    };
    const app = await anApp(broker, { feed });
    const token = await issuer.token();
    await eventually(async () => expect(await statusOf(app, token)).toBe(200));
    feed.disconnect();
    said.length = 0;
    feed.reconnect();
    await eventually(() => expect(said).toContain('question'));
    expect(said.slice(0, said.indexOf('question'))).toContain('heartbeat');
  });

  it('refuses a revoked token, and acknowledges the record only then', async () => {
    const broker = aBroker();
    openEpoch(broker);
    const app = await anApp(broker);
    const token = await issuer.token();
    await eventually(async () => expect(await statusOf(app, token)).toBe(200));
    const record = broker.publish(revokedBody(aRevocation({ issuer: AN_ISSUER, effect: { kind: 'suspended' } })));
    await eventually(() => expect(broker.heartbeats.at(-1)?.watermark).toBe(record.sequence));
    expect(await statusOf(app, token)).toBe(401);
    expect(broker.heartbeats.at(-1)).toMatchObject({
      ...{ node: 'node-1', service: 'orders', mode: 'strict', guarded: true, state: 'current', liveEntries: 1 },
      ...{ epoch: 'epoch-1', identity: record.identity, issuers: [{ issuer: AN_ISSUER }] },
    });
  });

  it('verifies the signature of a token once, unless its cache is switched off', async () => {
    for (const [tokenCache, expected] of [
      [{}, { entries: 1, hits: 2, misses: 1 }],
      [false, undefined],
    ] as const) {
      const broker = aBroker();
      openEpoch(broker);
      const { app, get } = await anApp(broker, { tokenCache });
      const node = app.get(RevocationNode);
      await eventually(() => expect(node.status().state).toBe('current'));
      const token = await issuer.token();
      for (let request = 0; request < 3; request++) expect((await get('/me', token)).status).toBe(200);
      const { tokenCache: status } = node.status();
      expect(status && { entries: status.entries, hits: status.hits, misses: status.misses }).toEqual(expected);
      await app.close();
    }
    running = undefined;
  });

  it('knows at once what was revoked before it started', async () => {
    const broker = aBroker();
    openEpoch(broker);
    broker.publish(revokedBody(aRevocation({ issuer: AN_ISSUER, effect: { kind: 'suspended' } })));
    const app = await anApp(broker);
    const [alice, bob] = [await issuer.token(), await issuer.token({ sub: 'bob' })];
    await eventually(async () => expect(await statusOf(app, bob)).toBe(200));
    expect(await statusOf(app, alice)).toBe(401);
  });

  it('says goodbye only after its guard has begun to answer unknown, and closes the feed last', async () => {
    const broker = aBroker();
    openEpoch(broker);
    const feed = broker.createFeed();
    const { app, get } = await anApp(broker, { feed });
    const token = await issuer.token();
    await eventually(async () => expect((await get('/me', token)).status).toBe(200));
    const checker = app.get(RevocationChecker);
    const checked = await checker.check(token);
    const atGoodbye: unknown[] = [];
    const report = feed.report.bind(feed);
    feed.report = (heartbeat) => {
      if (heartbeat.goodbye) atGoodbye.push(feed.isConnected, checked.facts && checker.recheck(checked.facts));
      report(heartbeat);
    };
    await app.close();
    running = undefined;
    expect(atGoodbye).toEqual([true, expect.objectContaining({ status: 503, code: 'ERR_REVOCATION_UNKNOWN' })]);
    expect(broker.heartbeats.at(-1)).toMatchObject({ goodbye: true });
    expect(feed.isConnected).toBe(false);
  });

  it('accepts tokens of other issuers from the moment they replace the old ones', async () => {
    const broker = aBroker();
    openEpoch(broker);
    const app = await anApp(broker);
    const other = anIssuer('https://other.example');
    const token = await issuer.token();
    await eventually(async () => expect(await statusOf(app, token)).toBe(200));
    const { parseIssuers } = await import('@revocast/gate');
    app.app.get(RevocationNode).replaceIssuers(parseIssuers([other.input]));
    expect(await statusOf(app, await other.token())).toBe(200);
    expect(await statusOf(app, token)).toBe(401);
  });
});

describe('a route with a tighter policy', () => {
  @Controller()
  class PaymentsController {
    @RevocationPolicy({ stalenessMsMax: 10_000 })
    @Get('me')
    pay(): string {
      return 'paid';
    }
  }

  it('finds its proof fresh from its first request on, though the module alone would ask for proofs less often', async () => {
    const time = new ManualTime(Date.now());
    const broker = new InMemoryBroker({ schedule: time.schedule, now: () => time.wall() });
    openEpoch(broker);
    running = await startApp({
      imports: [RevocationModule.forRoot(optionsFor(broker, [issuer.input], { clock: time, schedule: time.schedule }))],
      controllers: [PaymentsController],
      providers: [GLOBAL_GUARD],
    });
    const node = running.app.get(RevocationNode);
    await time.until(() => node.status().state === 'current');
    await time.advance(31_000);
    expect(await statusOf(running, await issuer.token())).toBe(200);
  });
});

it('tells the fleet how far a roll-out has come: a service that observes, with a route that enforces', async () => {
  @RevocationPolicy({ mode: 'strict' })
  @Controller('payments')
  class PaymentsController {}
  const broker = aBroker();
  openEpoch(broker);
  running = await startApp({
    imports: [RevocationModule.forRoot(optionsFor(broker, [issuer.input], { mode: 'observe' }))],
    controllers: [OpenController, PaymentsController],
    providers: [GLOBAL_GUARD],
  });
  await eventually(() => expect(broker.heartbeats.at(-1)).toMatchObject({ mode: 'observe', routeMode: 'strict' }));
  await running.app.close();
  await anApp(broker);
  await eventually(() => expect(broker.heartbeats.at(-1)).toMatchObject({ mode: 'strict', state: 'current' }));
  expect(broker.heartbeats.at(-1)).not.toHaveProperty('routeMode');
});

describe('D16: whether anything is enforced is visible', () => {
  @Injectable()
  class OwnGuard extends RevocationGuard {}

  const wirings: [string, { providers?: { provide: string; useClass: Type }[]; controllers: Type[] }][] = [
    [
      'as a global guard of its own class',
      { providers: [{ provide: APP_GUARD, useClass: RevocationGuard }], controllers: [] },
    ],
    ['as a subclass', { providers: [{ provide: APP_GUARD, useClass: OwnGuard }], controllers: [] }],
    ['on a controller', { controllers: [GuardedController] }],
  ];

  it.each(wirings)('sees the guard that is wired %s', async (_how, parts) => {
    const broker = aBroker();
    running = await startApp({ imports: [RevocationModule.forRoot(optionsFor(broker, [issuer.input]))], ...parts });
    expect(running.app.get(RevocationNode).status().guarded).toBe(true);
  });

  it('sees a guard that is set by useGlobalGuards', async () => {
    const imports = [RevocationModule.forRoot(optionsFor(aBroker(), [issuer.input]))];
    running = await startApp({ imports, before: (app) => app.useGlobalGuards(app.get(RevocationGuard)) });
    expect(running.app.get(RevocationNode).status().guarded).toBe(true);
  });

  it('warns and reports unguarded when the module is imported and not used, until somebody asks by hand', async () => {
    const broker = aBroker();
    openEpoch(broker);
    const warnings: unknown[] = [];
    running = await startApp({
      imports: [RevocationModule.forRoot(optionsFor(broker, [issuer.input]))],
      controllers: [OpenController],
      onWarning: (message) => warnings.push(message),
    });
    expect(warnings).toEqual([expect.stringContaining('No RevocationGuard stands before any handler')]);
    await eventually(() => expect(broker.heartbeats.at(-1)).toMatchObject({ guarded: false }));
    expect(running.app.get(RevocationHealthIndicator).health()).toMatchObject({
      guarded: false,
      warnings: ['unguarded'],
    });
    await running.app.get(RevocationChecker).check(undefined);
    expect(running.app.get(RevocationHealthIndicator).health()).toMatchObject({ guarded: true, warnings: [] });
  });
});

describe('settings that are wrong', () => {
  const start = (options: unknown, controllers: Type[] = []): Promise<RunningApp> =>
    startApp({ imports: [RevocationModule.forRoot(options as RevocationModuleOptions)], controllers });

  it('are all named at once, and nothing starts', async () => {
    const options = {
      feed: {},
      issuers: [{}],
      service: 'not.one.token',
      stalenessMsMax: -1,
      liveConnectionsMax: 0.5,
      nodeId: '',
    };
    const message = await start(options).then(String, String);
    for (const name of ['mode', 'service', 'stalenessMsMax', 'liveConnectionsMax', 'nodeId', 'issuers[0]']) {
      expect(message).toContain(name);
    }
  });

  it('include a mode that nobody chose: there is no default', async () => {
    const { mode: _mode, ...options } = optionsFor(aBroker(), [issuer.input]);
    await expect(start(options)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('mode'),
    });
  });

  it('include bounds of the token cache that are none', async () => {
    const options = { ...optionsFor(aBroker(), [issuer.input]), tokenCache: { entriesMax: 0 } };
    await expect(start(options)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('tokenCache.entriesMax'),
    });
  });

  it('include a feed that is none', async () => {
    const options = { ...optionsFor(aBroker(), [issuer.input]), feed: () => 'nats://localhost' };
    await expect(start(options)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('feed'),
    });
  });

  it('include routes whose policy would loosen the module or is no bound at all', async () => {
    @RevocationPolicy({ stalenessMsMax: 60_001 })
    @Controller()
    class LooseController {
      @RevocationPolicy({ stalenessMsMax: 0 })
      @Get()
      never(): void {
        throw new Error('is not called');
      }
    }
    @RevocationPolicy({ mode: 'observe' })
    @Controller('weak')
    class WeakController {}
    const options = optionsFor(aBroker(), [issuer.input], { stalenessMsMax: 60_000 });
    const message = await start(options, [LooseController, WeakController]).then(String, String);
    expect(message).toContain("WeakController: observe is weaker than the node's strict");
    expect(message).toContain('LooseController: 60001 ms');
    expect(message).toContain('LooseController.never');
  });
});

describe('the module made asynchronously', () => {
  it('takes its options from other providers and gives its node to every module', async () => {
    const broker = aBroker();
    openEpoch(broker);
    @Injectable()
    class Config {
      readonly service = 'from-config';
    }
    @Module({ providers: [Config], exports: [Config] })
    class ConfigModule {}
    @Module({ controllers: [GuardedController] })
    class OrdersModule {}
    const revocation = RevocationModule.forRootAsync({
      imports: [ConfigModule],
      inject: [Config],
      useFactory: ({ service }: Config) => Promise.resolve({ ...optionsFor(broker, [issuer.input]), service }),
    });
    running = await startApp({ imports: [revocation, OrdersModule] });
    const app = running;
    expect(app.app.get(RevocationNode).status().service).toBe('from-config');
    const token = await issuer.token();
    await eventually(async () => expect(await statusOf(app, token)).toBe(200));
  });

  it('gives the feed the names under which the node reports', async () => {
    const broker = aBroker();
    const named: unknown[] = [];
    const feed: RevocationModuleOptions['feed'] = (identity) => {
      named.push(identity);
      return broker.createFeed();
    };
    const { app } = await anApp(broker, { feed });
    const { service, instance } = app.get(RevocationNode).status();
    expect(named).toEqual([{ service, instance }]);
  });
});

describe('what the guard does not know', () => {
  it('lets nobody in by omission: a call of a kind that it does not know is an error', async () => {
    const { app } = await anApp(aBroker());
    const guard = app.get(RevocationGuard);
    @Controller()
    class SocketController {
      message(): void {
        throw new Error('is not called');
      }
      @Public()
      open(): void {
        throw new Error('is not called');
      }
    }
    const contextOf = (method: string) =>
      ({
        getType: () => 'telegraf',
        getClass: () => SocketController,
        getHandler: () => Object.getOwnPropertyDescriptor(SocketController.prototype, method)?.value as unknown,
      }) as never;
    await expect(guard.canActivate(contextOf('message'))).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/SocketController\.message, which is called by "telegraf": set getRequest/),
    });
    expect(guard.canActivate(contextOf('open'))).toBe(true);
  });
});
