import { type Follower, type IssuerSettings } from '@revocast/core';
import { createTokenVerifier, type IssuerConfig } from '@revocast/gate';
import { Authenticator } from './auth/authenticator.js';
import { Commands } from './command/commands.js';
import { IssuerRegistry } from './command/issuer-registry.js';
import { Diagnosis } from './diagnosis/diagnosis.js';
import { TokenTrust } from './explain/token-trust.js';
import { followerFor, WatchingSide } from './fleet/watching-side.js';
import { Health } from './health/health.js';
import { createProvider } from './identity/provider-settings.js';
import { SessionEnder } from './identity/session-ender.js';
import { type Database } from './journal/database.js';
import { allDeclared } from './journal/epochs.js';
import { type ServiceLog } from './log/service-log.js';
import { Metrics } from './metrics/metrics.js';
import { WritingSide } from './publish/writing-side.js';
import { IssuersFile } from './settings/issuers-file.js';
import { type Settings } from './settings/settings.js';
import { cachedFor, systemClock as clock, systemSchedule as schedule } from './system.js';

/** Counting live entries costs more than a command does; a batch may overshoot the limit by this much time. Milliseconds. */
const LIVE_ENTRIES_MS = 100;

/** How late another instance's settings may count; nodes learn of them no faster. Milliseconds. */
const DECLARED_MS = 100;

/** Everything behind the HTTP edge, wired together. */
export class Service {
  readonly issuers: IssuerRegistry;
  readonly metrics = new Metrics();
  readonly follower: Follower;
  readonly writing: WritingSide;
  readonly watching: WatchingSide;
  readonly trust: TokenTrust;
  readonly authenticator: Authenticator;
  readonly commands: Commands;
  readonly health: Health;
  readonly diagnosis: Diagnosis;
  readonly ender: SessionEnder;
  readonly #issuersFile: IssuersFile | undefined;

  /** Throws ERR_CONFIG when the journal cannot be opened or a setting does not fit another one. */
  constructor(
    settings: Settings,
    readonly log: ServiceLog,
  ) {
    this.issuers = new IssuerRegistry(settings.issuers);
    const { issuers, metrics } = this;
    this.follower = followerFor(settings, issuers, log);
    const { follower } = this;
    this.writing = new WritingSide({
      settings,
      issuers,
      log,
      confirmed: (recordIds) => this.#confirmed(recordIds),
    });
    const { writing } = this;
    this.watching = new WatchingSide({ settings, issuers, log, metrics, writing, follower });
    this.trust = new TokenTrust(follower, clock, settings.issuers);
    this.authenticator = authenticatorFor(settings, follower);
    this.ender = this.#makeEnder(settings, log);
    this.commands = this.#makeCommands(settings);
    const { fleet, ticker, hub, refusals, drills } = this.watching;
    const { keeper, outbox, intake } = writing;
    const { liveEntriesMax } = settings;
    const watching = { fleet, issuers, ticker, hub, refusals, drills };
    const strangers = (): number => writing.strangers;
    const writingState = { strangers, keeper, outbox, intake };
    this.health = new Health({ ...watching, ...writingState, ender: this.ender, follower, metrics, liveEntriesMax });
    const { health, trust } = this;
    const ticksMissed = (): boolean => follower.status().ticksMissed;
    this.diagnosis = new Diagnosis({ publisher: writing.publisher, health, fleet, issuers, trust, ticksMissed, clock });
    this.#issuersFile = this.#watchIssuers(settings.issuersPath);
  }

  start(): void {
    this.watching.start();
    this.writing.start();
    this.ender.start();
    this.#issuersFile?.start();
  }

  async close(): Promise<void> {
    this.#issuersFile?.close();
    this.ender.close();
    await this.watching.close();
    await this.writing.close();
  }

  #makeCommands({ liveEntriesMax, logAgeSecondsMax }: Settings): Commands {
    const { issuers, follower, ender } = this;
    const { database, writer, outbox, confirmations, keeper, intake } = this.writing;
    return new Commands({
      ...{ database, writer, outbox, confirmations, keeper, issuers, intake, ender },
      verifier: () => this.trust.gate(),
      clock,
      heedless: () => this.watching.heedless(),
      declared: declaredSettings(database),
      liveEntries: cachedFor(LIVE_ENTRIES_MS, clock, () => follower.status().liveEntries),
      liveEntriesMax,
      logAgeSecondsMax,
    });
  }

  #makeEnder({ providers }: Settings, log: ServiceLog): SessionEnder {
    const { database } = this.writing;
    const parts = { fetch: globalThis.fetch, clock };
    return new SessionEnder({
      ...{ database, clock, schedule, log, prng: Math.random },
      providers: providers.map((settings) => createProvider(settings, parts)),
      closeGap: (id) => this.commands.closeGap(id),
    });
  }

  #confirmed(recordIds: readonly string[]): void {
    this.watching.confirmed(recordIds);
    this.ender.wake();
  }

  #watchIssuers(path: string | undefined): IssuersFile | undefined {
    if (path === undefined) return undefined;
    return new IssuersFile({ path, log: this.log, changed: (issuers) => this.#replaceIssuers(issuers) });
  }

  #replaceIssuers(configs: readonly IssuerConfig[]): void {
    this.issuers.replace(configs);
    this.trust.replace(configs);
    this.follower.replaceIssuers(this.issuers.all().map(({ settings }) => settings));
    this.writing.keeper.redeclare().catch((error: unknown) => this.log.warn('settingsNotDeclared', { error }));
  }
}

/** Read with every command, changed hardly ever. */
function declaredSettings(database: Database): (issuer: string) => IssuerSettings | undefined {
  const read = cachedFor(DECLARED_MS, clock, () => allDeclared(database));
  return (issuer) => read().get(issuer);
}

function authenticatorFor({ apiKeys, operatorIssuers }: Settings, source: Follower): Authenticator {
  const verifier = operatorIssuers.length === 0 ? undefined : createTokenVerifier({ issuers: operatorIssuers, clock });
  return new Authenticator({ apiKeys, verifier, source, clock });
}
