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
import { gatewaysLeftOut } from './gateway-wiring.js';
import { RevocationGuard } from './revocation.guard.js';
import { declaredPolicies, isGuardGlobal, isGuardWired } from './wiring.js';

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

  /**
   * Only now every guard of the application is known. Throws ERR_CONFIG for gateways that look guarded and are not: the
   * application does not start.
   */
  async onApplicationBootstrap(): Promise<void> {
    await this.#requireGuardedGateways();
    if (isGuardWired(RevocationGuard, this.modules, this.config)) this.node.markWired();
    else {
      this.#logger.warn(
        'No RevocationGuard stands before any handler, so nothing is enforced until RevocationChecker is asked: ' +
          'add { provide: APP_GUARD, useExisting: RevocationGuard } to the providers of a module',
      );
    }
  }

  async #requireGuardedGateways(): Promise<void> {
    if (!isGuardGlobal(RevocationGuard, this.config)) return;
    const leftOut = await gatewaysLeftOut(RevocationGuard, this.modules);
    if (leftOut.length === 0) return;
    await this.node.close();
    const how = 'put @UseGuards(RevocationGuard) on it, or mark it @Public()';
    throw configError(
      leftOut.map((name) => `${name}: before version 12 Nest asks no global guard about messages of gateways: ${how}`),
    );
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
