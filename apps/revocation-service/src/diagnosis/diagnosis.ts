import { type Clock, RevocationError, settingsDigest } from '@revocast/core';
import { type IssuerConfig } from '@revocast/gate';
import { type LogInspection, type Publisher } from '@revocast/jetstream';
import { type IssuerRegistry, type KnownIssuer } from '../command/issuer-registry.js';
import { rfc3339 } from '../command/times.js';
import { type TokenTrust } from '../explain/token-trust.js';
import { type Fleet } from '../fleet/fleet.js';
import { type Health } from '../health/health.js';
import { brokerFindings } from './broker-findings.js';
import { type Finding, worstOf } from './finding.js';
import { issuerFindings } from './issuer-findings.js';
import { nodeFindings } from './node-findings.js';

export interface DiagnosisOptions {
  readonly publisher: Pick<Publisher, 'locate' | 'inspect'>;
  readonly health: Pick<Health, 'readiness'>;
  readonly fleet: Pick<Fleet, 'nodes' | 'missing' | 'coverage' | 'clocks'>;
  readonly issuers: Pick<IssuerRegistry, 'all'>;
  readonly trust: Pick<TokenTrust, 'gate'>;
  readonly ticksMissed: () => boolean;
  readonly clock: Clock;
}

export interface DiagnosisAnswer {
  /** By the clock of the service, at its end. */
  readonly at: string;
  readonly worst: Finding['level'];
  readonly findings: readonly Finding[];
}

/** Looks at everything that may be wrong, and changes nothing. */
export class Diagnosis {
  #underWay: Promise<DiagnosisAnswer> | undefined;

  constructor(private readonly options: DiagnosisOptions) {}

  /** One at a time: it asks the broker and every issuer, and impatient callers must not multiply that. */
  run(): Promise<DiagnosisAnswer> {
    this.#underWay ??= this.#look().finally(() => (this.#underWay = undefined));
    return this.#underWay;
  }

  async #look(): Promise<DiagnosisAnswer> {
    const { health, fleet, issuers, ticksMissed, clock } = this.options;
    const all = issuers.all();
    const [inspection, seen] = await Promise.all([
      this.#inspection(),
      Promise.all(all.map((one) => this.#issuer(one))),
    ]);
    const digests = new Map(all.map(({ settings }) => [settings.issuer, settingsDigest(settings)]));
    const findings = [
      ...brokerFindings({ readiness: health.readiness(), inspection, ticksMissed: ticksMissed() }),
      ...nodeFindings({
        nodes: fleet.nodes(),
        missing: fleet.missing(),
        digests,
        clocks: fleet.clocks().map(({ name, at, heardAt }) => ({ name, at, asked: [heardAt, heardAt] })),
      }),
      ...issuerFindings(seen, fleet.coverage()),
    ];
    return { at: rfc3339(clock.wall()), worst: worstOf(findings), findings };
  }

  async #inspection(): Promise<LogInspection | undefined> {
    const { publisher } = this.options;
    try {
      const log = await publisher.locate();
      return log && (await publisher.inspect(log));
    } catch (error) {
      if (error instanceof RevocationError) return undefined;
      throw error;
    }
  }

  async #issuer({
    config,
    settings,
  }: KnownIssuer): Promise<{ settings: KnownIssuer['settings']; keysMissing: boolean }> {
    const answer: unknown = await this.options.trust
      .gate()
      .verify(probeFor(config))
      .catch((error: unknown) => error);
    if (answer instanceof RevocationError) return { settings, keysMissing: answer.code === 'ERR_KEYS_UNAVAILABLE' };
    throw answer;
  }
}

/**
 * A token that nobody signed. To refuse it the gate must have the issuer's keys: it fetches them as for any other token, with
 * the same cache and the same limits on how often.
 */
function probeFor({
  issuer,
  algorithms,
  tokenTypes,
}: Pick<IssuerConfig, 'issuer' | 'algorithms' | 'tokenTypes'>): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [typ] = tokenTypes;
  return [
    part({ alg: algorithms[0], kid: 'diagnosis', ...(typeof typ === 'string' && { typ }) }),
    part({ iss: issuer, exp: 0, iat: 0 }),
    'A'.repeat(86),
  ].join('.');
}
