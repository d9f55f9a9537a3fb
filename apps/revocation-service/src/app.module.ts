import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, Reflector } from '@nestjs/core';
import { OperatorGuard } from './auth/operator.guard.js';
import { Commands } from './command/commands.js';
import { Diagnosis } from './diagnosis/diagnosis.js';
import { EventHub } from './events/event-hub.js';
import { TokenTrust } from './explain/token-trust.js';
import { Fleet } from './fleet/fleet.js';
import { Health } from './health/health.js';
import { AllowedMethods } from './http/allowed-methods.js';
import { Batch } from './http/batch.js';
import { BatchController } from './http/batch.controller.js';
import { CommandReport } from './http/command-report.js';
import { ContentTypeGuard } from './http/consumes.js';
import { DiagnosisController } from './http/diagnosis.controller.js';
import { EventsController } from './http/events.controller.js';
import { ExplainController } from './http/explain.controller.js';
import { HealthController } from './http/health.controller.js';
import { NodesController } from './http/nodes.controller.js';
import { PersonsController } from './http/persons.controller.js';
import { ProblemFilter } from './http/problem.filter.js';
import { RevocationAnswers } from './http/revocation-answers.js';
import { RevocationsController } from './http/revocations.controller.js';
import { CLOCK, FOLLOWER } from './http/tokens.js';
import { validationPipe } from './http/validation.js';
import { PersonSearch } from './identity/person-search.js';
import { Database } from './journal/database.js';
import { ServiceLog } from './log/service-log.js';
import { type Service } from './service.js';
import { systemClock as clock } from './system.js';

/** The HTTP edge over a service that is already wired. */
@Module({})
export class AppModule {
  static over(service: Service, allowedMethods: AllowedMethods): DynamicModule {
    return {
      module: AppModule,
      // Of two routes that fit, the one declared first answers: `batch` is no id.
      controllers: [
        BatchController,
        RevocationsController,
        NodesController,
        DiagnosisController,
        EventsController,
        PersonsController,
        ExplainController,
        HealthController,
      ],
      providers: [...edgeOf(service, allowedMethods), ...partsOf(service)],
    };
  }
}

type Providers = NonNullable<DynamicModule['providers']>;

const edgeOf = ({ authenticator, log }: Service, allowedMethods: AllowedMethods): Providers => [
  {
    provide: APP_GUARD,
    useFactory: (reflector: Reflector) => new OperatorGuard(authenticator, reflector),
    inject: [Reflector],
  },
  { provide: APP_GUARD, useClass: ContentTypeGuard },
  { provide: APP_PIPE, useFactory: validationPipe },
  { provide: APP_FILTER, useValue: new ProblemFilter(log, allowedMethods) },
];

function partsOf(service: Service): Providers {
  const { commands, issuers, metrics, log, follower, trust, health } = service;
  const { database, keeper } = service.writing;
  const { fleet, hub, refusals, liveTokens } = service.watching;
  const heedless = (): readonly string[] => service.watching.heedless();
  const report = new CommandReport(log, metrics, keeper);
  const parts: readonly (readonly [object | symbol, unknown])[] = [
    [Commands, commands],
    [
      RevocationAnswers,
      new RevocationAnswers({ database, commands, fleet, issuers, clock, refusals, liveTokens, heedless }),
    ],
    [CommandReport, report],
    [Batch, new Batch(commands, report)],
    [Diagnosis, service.diagnosis],
    [PersonSearch, new PersonSearch(service.ender)],
    [Database, database],
    [Fleet, fleet],
    [EventHub, hub],
    [TokenTrust, trust],
    [Health, health],
    [ServiceLog, log],
    [CLOCK, clock],
    [FOLLOWER, follower],
  ];
  return parts.map(([provide, useValue]) => ({ provide, useValue })) as Providers;
}
