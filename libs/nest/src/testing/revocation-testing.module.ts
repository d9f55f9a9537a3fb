import { Logger, Module, type DynamicModule } from '@nestjs/common';
import { RevocationNode } from '@revocast/node';
import { TestRevocations } from '@revocast/node/testing';
import { type RevocationGuardOptions } from '../guard-options.js';
import { RevocationLifecycle } from '../lifecycle.js';
import { SHARED } from '../revocation.module.js';
import { GUARD_OPTIONS, OPTIONS, SETTINGS } from '../tokens.js';

/** The part of `TestingModuleBuilder` that is needed here, so that `@nestjs/testing` stays a choice of the app. */
export interface OverridableBuilder<Self> {
  overrideProvider(token: unknown): { useValue(value: unknown): Self };
}

/**
 * `RevocationModule` for tests: the same guard, checker, health and live connections, without broker and without
 * signatures. It lets everybody in who can write a token, so it belongs into no application that others can reach.
 */
@Module({})
export class RevocationTestingModule {
  /** For a test that puts its modules together itself. */
  static forTest(
    revocations: TestRevocations = new TestRevocations(),
    guardOptions: RevocationGuardOptions = {},
  ): DynamicModule {
    return {
      module: RevocationTestingModule,
      global: true,
      providers: [
        { provide: TestRevocations, useValue: revocations },
        { provide: RevocationNode, useFactory: () => nodeOf(revocations) },
        { provide: GUARD_OPTIONS, useValue: guardOptions },
        RevocationLifecycle,
        ...SHARED,
      ],
      exports: [RevocationNode, GUARD_OPTIONS, TestRevocations, ...SHARED],
    };
  }

  /**
   * For a test of the whole application: takes the node out of its `RevocationModule`, whose options are not even made. What
   * `forRoot` was told of the guard stays; with `forRootAsync` it is `guardOptions`.
   *
   * ```ts
   * const revocations = new TestRevocations();
   * const builder = Test.createTestingModule({ imports: [AppModule] });
   * const app = (await RevocationTestingModule.override(builder, revocations).compile()).createNestApplication();
   * ```
   */
  static override<Builder extends OverridableBuilder<Builder>>(
    builder: Builder,
    revocations: TestRevocations,
    guardOptions: RevocationGuardOptions = {},
  ): Builder {
    return builder
      .overrideProvider(OPTIONS)
      .useValue(guardOptions)
      .overrideProvider(SETTINGS)
      .useValue({})
      .overrideProvider(RevocationNode)
      .useValue(revocations.node);
  }
}

/** Silent in a testing module, whose logger drops warnings; seen by whoever starts it as a real application. */
function nodeOf(revocations: TestRevocations): RevocationNode {
  new Logger(RevocationTestingModule.name).warn('Tokens without a signature are accepted: for tests only');
  return revocations.node;
}
