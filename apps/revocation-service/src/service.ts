import { type Follower } from '@revocast/core';
import { createTokenVerifier, type IssuerConfig } from '@revocast/gate';
import { Authenticator } from './auth/authenticator.js';
import { Commands } from './command/commands.js';
import { IssuerRegistry } from './command/issuer-registry.js';
import { TokenTrust } from './explain/token-trust.js';
import { followerFor, WatchingSide } from './fleet/watching-side.js';
import { Health } from './health/health.js';
import { type ServiceLog } from './log/service-log.js';
import { Metrics } from './metrics/metrics.js';
import { WritingSide } from './publish/writing-side.js';
import { IssuersFile } from './settings/issuers-file.js';
import { type Settings } from './settings/settings.js';
import { cachedFor, systemClock as clock } from './system.js';

/** Counting live entries costs more than a command does; a batch may overshoot the limit by this much time. Milliseconds. */
const LIVE_ENTRIES_MS = 100;

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
      confirmed: (outcomes) => this.watching.confirmed(outcomes),
    });
    const { writing } = this;
    this.watching = new WatchingSide({ settings, issuers, log, metrics, writing, follower });
    this.trust = new TokenTrust(follower, clock, settings.issuers);
    this.authenticator = authenticatorFor(settings, follower);
    this.commands = this.#makeCommands(settings);
    const { fleet, ticker, hub, sources } = this.watching;
    const { keeper, outbox } = writing;
    const { liveEntriesMax } = settings;
    const watching = { fleet, issuers, ticker, hub, sources };
    this.health = new Health({ ...watching, keeper, outbox, follower, metrics, liveEntriesMax });
    this.#issuersFile = this.#watchIssuers(settings.issuersPath);
  }

  start(): void {
    this.watching.start();
    this.writing.start();
    this.#issuersFile?.start();
  }

  async close(): Promise<void> {
    this.#issuersFile?.close();
    await this.watching.close();
    await this.writing.close();
  }

  #makeCommands({ liveEntriesMax, logAgeSecondsMax }: Settings): Commands {
    const { issuers, follower } = this;
    const { database, writer, outbox, confirmations, keeper } = this.writing;
    return new Commands({
      ...{ database, writer, outbox, confirmations, keeper, issuers },
      verifier: () => this.trust.gate(),
      clock,
      liveEntries: cachedFor(LIVE_ENTRIES_MS, clock, () => follower.status().liveEntries),
      liveEntriesMax,
      logAgeSecondsMax,
    });
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

function authenticatorFor({ apiKeys, operatorIssuers }: Settings, source: Follower): Authenticator {
  const verifier = operatorIssuers.length === 0 ? undefined : createTokenVerifier({ issuers: operatorIssuers, clock });
  return new Authenticator({ apiKeys, verifier, source, clock });
}
