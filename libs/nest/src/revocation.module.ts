import {
  Logger,
  Module,
  type DynamicModule,
  type FactoryProvider,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import {
  createNode,
  RevocationNode,
  settingsFrom,
  type RevocationNodeOptions,
  type RevocationSettings,
} from '@revocast/node';
import { guardOptionsOf, guardProblems, type RevocationGuardOptions } from './guard-options.js';
import { RevocationLifecycle } from './lifecycle.js';
import { LiveConnections } from './live-connections.js';
import { RevocationChecker } from './revocation-checker.js';
import { RevocationHealthIndicator } from './revocation-health.js';
import { RevocationGuard } from './revocation.guard.js';
import { RevocationSockets } from './sockets.js';
import { GUARD_OPTIONS, OPTIONS, SETTINGS } from './tokens.js';

/** What the module needs to know; docs of each option say its unit and default. */
export interface RevocationModuleOptions extends RevocationNodeOptions, RevocationGuardOptions {}

export interface RevocationModuleAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider<RevocationModuleOptions>, 'inject' | 'useFactory'> {}

/** What every module of the application can inject, whoever provides the node behind it. */
export const SHARED = [
  RevocationGuard,
  RevocationChecker,
  RevocationHealthIndicator,
  LiveConnections,
  RevocationSockets,
];

/**
 * Follows the log of revocations and offers guard, checker, live connections and health to the whole application.
 * Import it once, in the root module. A wrong option is an ERR_CONFIG that names all of them, and nothing starts.
 *
 * ```ts
 * RevocationModule.forRoot({ feed, issuers: [keycloak({ issuer, audience })], mode: 'strict', service: 'payments' })
 * ```
 */
@Module({})
export class RevocationModule {
  static forRoot(options: RevocationModuleOptions): DynamicModule {
    return assemble(
      { provide: OPTIONS, useValue: options },
      { provide: GUARD_OPTIONS, useValue: guardOptionsOf(options) },
    );
  }

  /** For options that are made from other providers, such as a config service. */
  static forRootAsync({ imports = [], inject = [], useFactory }: RevocationModuleAsyncOptions): DynamicModule {
    return { ...assemble({ provide: OPTIONS, inject, useFactory }, fromOptions), imports };
  }
}

const settingsWithNestLog = (options: RevocationModuleOptions): RevocationSettings =>
  settingsFrom({ log: new Logger('RevocationModule'), ...options }, guardProblems(options));

/** With the options of a factory those of the guard are known as late. */
const fromOptions: Provider = { provide: GUARD_OPTIONS, inject: [OPTIONS], useFactory: guardOptionsOf };

const assemble = (options: Provider, guardOptions: Provider): DynamicModule => ({
  module: RevocationModule,
  global: true,
  providers: [
    options,
    guardOptions,
    { provide: SETTINGS, inject: [OPTIONS], useFactory: settingsWithNestLog },
    { provide: RevocationNode, inject: [SETTINGS], useFactory: (settings: RevocationSettings) => createNode(settings) },
    RevocationLifecycle,
    ...SHARED,
  ],
  exports: [RevocationNode, GUARD_OPTIONS, ...SHARED],
});
