import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { configError, localFileLog, policyProblems, RevocationNode } from '@revocast/node';
import { RevocationGuard } from './revocation.guard.js';
import { declaredPolicies, isGuardWired } from './wiring.js';

/** Starts and ends a node with its application. */
@Injectable()
export class RevocationLifecycle
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #logger = new Logger('RevocationModule');

  constructor(
    private readonly node: RevocationNode,
    private readonly modules: ModulesContainer,
    private readonly config: ApplicationConfig,
  ) {}

  /** Throws ERR_CONFIG for routes whose policy is no tightening: the application does not start. */
  async onModuleInit(): Promise<void> {
    const policies = declaredPolicies(this.modules);
    const problems = policies.flatMap(({ where, ...policy }) =>
      policyProblems(`@RevocationPolicy on ${where}`, policy, this.node),
    );
    if (problems.length > 0) throw configError(problems);
    for (const { where, ...policy } of policies) this.node.acceptPolicy(policy, where);
    this.node.onLocalChange(localFileLog(this.#logger));
    await this.node.start();
  }

  /** Only now every guard of the application is known. */
  onApplicationBootstrap(): void {
    if (isGuardWired(RevocationGuard, this.modules, this.config)) this.node.markWired();
    else {
      this.#logger.warn(
        'No RevocationGuard stands before any handler, so nothing is enforced until RevocationChecker is asked: ' +
          'add { provide: APP_GUARD, useExisting: RevocationGuard } to the providers of a module',
      );
    }
  }

  /** Before the server waits for its connections to end: without this its streams would keep it waiting. */
  beforeApplicationShutdown(): void {
    this.node.live.closeAll();
  }

  /** Last, when the server answers no request any more: until then the guard goes on saying what it knows. */
  onApplicationShutdown(): Promise<void> {
    return this.node.close();
  }
}
