import { type Clock, type IssuerSettings, RevocationError, tombstoneRetainUntil } from '@revocast/core';
import { type Gate } from '@revocast/gate';
import { assertMayTouch, mayTouch, type Operator, type Verb } from '../auth/operator.js';
import { type SessionEnder } from '../identity/session-ender.js';
import { type Database } from '../journal/database.js';
import { type JournaledLift, type JournaledRevocation, type NewRevocation } from '../journal/entries.js';
import { findLift } from '../journal/lifts.js';
import {
  findRevocation,
  hasRevocation,
  type Insertable,
  liveOfKey,
  revocationsOfCommand,
} from '../journal/revocations.js';
import { type Confirmations, type Entry, type Stored } from '../publish/confirmations.js';
import { type EpochKeeper } from '../publish/epoch-keeper.js';
import { type LogIntake } from '../publish/log-intake.js';
import { type Outbox } from '../publish/outbox.js';
import { type Writer } from '../publish/writer.js';
import { type CommandInput } from './command-schema.js';
import { commandDigest, revocationId } from './identity.js';
import { type IssuerRegistry, type KnownIssuer } from './issuer-registry.js';
import { type PlannedRevocation, planRevocations } from './plan.js';
import { revokedToken } from './raw-token.js';
import { saysTheSame } from './same-command.js';
import { unheededText } from './blast-radius.js';
import { widerSettings } from './wider-settings.js';

/** How long an answer waits for the broker's confirmation before it says that the outcome is unknown. Milliseconds. */
export const CONFIRM_MS_MAX = 10_000;

/**
 * How long a command with an Idempotency-Key waits for the journal to read what other instances accepted before it. When it
 * cannot, the command goes ahead: a kill switch that waits for ever is none, and the same id twice hits what one hits. Milliseconds.
 */
const INTAKE_MS_MAX = 2_000;

export interface CommandsOptions {
  readonly database: Database;
  readonly writer: Writer;
  readonly outbox: Outbox;
  readonly confirmations: Confirmations;
  readonly keeper: EpochKeeper;
  readonly intake: LogIntake;
  readonly issuers: IssuerRegistry;
  /** What is to follow at the identity provider is noted with the revocations. */
  readonly ender: Pick<SessionEnder, 'intend'>;
  readonly verifier: () => Pick<Gate, 'verify'>;
  readonly clock: Clock;
  /** Settings of the issuer that the log declares, if they are not ours. */
  readonly declared: (issuer: string) => IssuerSettings | undefined;
  /** Nodes, and instances of the service, of a version that heeds no condition. */
  readonly heedless: () => readonly string[];
  /** Live entries of the fleet, as far as known. */
  readonly liveEntries: () => number;
  readonly liveEntriesMax: number;
  readonly logAgeSecondsMax: number;
  /** Default `CONFIRM_MS_MAX`. */
  readonly confirmMsMax?: number;
}

export interface RevokeInput {
  readonly command: CommandInput;
  readonly operator: Operator;
  readonly idempotencyKey: string | undefined;
  /** Default true: sessions end at the identity provider, too. */
  readonly endsSessions?: boolean;
}

/** What became of one command of many. */
export interface AcceptedPart {
  readonly entry: NewRevocation;
  /** Undefined while the broker has not confirmed it, and for what is not published. */
  readonly stored: Stored | undefined;
  readonly confirmed: boolean;
  readonly replayed: boolean;
}

export interface LiftInput {
  readonly id: string;
  readonly reason: string | undefined;
  readonly operator: Operator;
}

/** Whether the broker has confirmed. When it has not, the entries are in the journal and will be published. */
export interface Accepted<T> {
  readonly entries: T;
  readonly confirmed: boolean;
  /** Nothing new was accepted: an earlier command had done the same. */
  readonly replayed: boolean;
}

/** What a command says, before anything is done about it. */
export interface Considered {
  readonly issuer: KnownIssuer;
  readonly planned: readonly PlannedRevocation[];
}

interface Handling {
  /** Another instance may be given the same command. */
  readonly isShared: boolean;
  /** Whether sessions end at the identity provider as well. */
  readonly ends: boolean;
}

/** Of a batch nothing follows at the provider: it brings in what is revoked already, a hundred thousand people at once. */
const PART: Handling = { isShared: false, ends: false };

/** Who gives the commands that follow from what a provider did. No credentials can have this name: it has spaces. */
const PROVIDER: Operator = {
  ...{
    name: 'the identity provider',
    verbs: new Set<Verb>(),
    issuers: undefined,
    scopes: undefined,
    expiresAt: undefined,
  },
};

/** From the command to the confirmed record. */
export class Commands {
  /** Ids of commands under way in this process. */
  readonly #underWay = new Set<string>();

  constructor(private readonly options: CommandsOptions) {}

  /** Throws the ERR_ codes of commands; resolves unconfirmed when the broker does not answer in time. */
  async revoke(input: RevokeInput): Promise<Accepted<readonly JournaledRevocation[]>> {
    const id = revocationId(input.operator.name, input.idempotencyKey);
    if (this.#underWay.has(id)) throw inFlight();
    this.#underWay.add(id);
    try {
      return await this.#revokeOnce(id, input);
    } finally {
      this.#underWay.delete(id);
    }
  }

  /**
   * Cuts off what was refreshed after a revocation by subject, once the provider refreshes nothing any more; gives the id
   * of the revocation that does. Again gives the same one. Undefined = every such token is hit as it is.
   */
  async closeGap(id: string): Promise<string | undefined> {
    const revocation = findRevocation(this.options.database, id);
    if (revocation === undefined || !this.#hasGap(revocation)) return undefined;
    const { issuer, key, reason } = revocation;
    const command: CommandInput = { scope: 'subject', issuer, sub: 'sub' in key ? key.sub : '', reason };
    const input = { command, operator: PROVIDER, idempotencyKey: `ending/${id}`, endsSessions: false };
    const { entries } = await this.revoke(input);
    return entries[0]?.id;
  }

  /** A cut-off by `iat` that lies behind: tokens refreshed in or after its second are not hit. */
  #hasGap({ issuer, key, effect, liftedAt }: JournaledRevocation): boolean {
    if (key.scope !== 'subject' || effect.kind !== 'issuedBefore' || liftedAt !== undefined) return false;
    const { settings } = this.options.issuers.get(issuer);
    const latest = this.options.clock.wall() / 1000 + settings.leadSeconds;
    return settings.cutoffClaim === 'iat' && effect.issuedBefore <= latest;
  }

  /**
   * One of many: it shares a record with others, and nothing is read back from the journal for its answer. Two instances
   * that are given the same batch at once publish its lines twice, under the same ids: that hits what one of them hits.
   */
  async revokePart(input: RevokeInput): Promise<AcceptedPart> {
    const id = revocationId(input.operator.name, input.idempotencyKey);
    if (this.#underWay.has(id)) throw inFlight();
    this.#underWay.add(id);
    try {
      const entries = await this.#accept(id, commandDigest(input.command), input, PART);
      const stored = await this.#stored(entries);
      const [entry] = entries;
      if (entry === undefined) throw new RevocationError('ERR_INVARIANT', 'A command made no revocation.');
      return { entry, stored: stored.at(0), confirmed: !stored.includes(undefined), replayed: false };
    } catch (error) {
      const isKnown = input.idempotencyKey !== undefined && hasRevocation(this.options.database, id);
      if (!isKnown) throw error;
    } finally {
      this.#underWay.delete(id);
    }
    return this.#repeatedPart(input);
  }

  /** Waits a moment for the journal to read what other instances accepted before. */
  async caughtUp(): Promise<void> {
    await this.options.intake.caughtUp(INTAKE_MS_MAX);
  }

  /** What `revoke` would do, without doing it. */
  async consider(command: CommandInput, operator: Operator): Promise<Considered> {
    const issuer = this.#issuerOf(command);
    assertMayTouch(operator, { issuer: issuer.settings.issuer, scope: command.scope });
    const rawToken = command.scope === 'token' ? command.token : undefined;
    const token =
      rawToken === undefined
        ? undefined
        : await revokedToken(this.options.verifier(), rawToken, issuer.settings.issuer);
    return {
      issuer,
      planned: planRevocations({ command, issuer: this.#widened(issuer), token, now: this.options.clock.wall() }),
    };
  }

  /** Takes a revocation back; once more does nothing and gives the same answer. Throws ERR_REVOCATION_NOT_FOUND. */
  async lift({ id, reason, operator }: LiftInput): Promise<Accepted<JournaledRevocation>> {
    const { database, clock } = this.options;
    const revocation = this.visible(id, operator);
    const now = clock.wall();
    const replayed = revocation.liftedAt !== undefined;
    if (!replayed) {
      this.#assertWritable();
      const retainUntil = tombstoneRetainUntil({
        retainUntil: revocation.retainUntil,
        now,
        logMaxAgeSeconds: this.options.logAgeSecondsMax,
      });
      const { issuer, key } = revocation;
      const about = { revocationId: id, issuer, scope: key.scope };
      const lift = { ...about, retainUntil, actor: operator.name, reason, acceptedAt: now };
      await this.options.writer.accept({ lifts: [lift] });
    }
    const confirmed = await this.#confirmed(this.#unconfirmedLift(revocation));
    return { entries: findRevocation(database, id) ?? revocation, confirmed, replayed };
  }

  /** A revocation that the operator may see. Throws ERR_REVOCATION_NOT_FOUND, also for one that he may not. */
  visible(id: string, operator: Operator): JournaledRevocation {
    const revocation = findRevocation(this.options.database, id);
    if (revocation !== undefined && mayTouch(operator, { issuer: revocation.issuer, scope: revocation.key.scope })) {
      return revocation;
    }
    throw new RevocationError('ERR_REVOCATION_NOT_FOUND', 'There is no revocation of this id.');
  }

  liftOf(revocation: JournaledRevocation): JournaledLift | undefined {
    return revocation.liftedAt === undefined ? undefined : findLift(this.options.database, revocation.id);
  }

  /** Live revocations of the same key. */
  liveBeside(revocation: JournaledRevocation): readonly JournaledRevocation[] {
    const { database, clock } = this.options;
    return liveOfKey(database, revocation.issuer, revocation.key, clock.wall());
  }

  async #revokeOnce(id: string, input: RevokeInput): Promise<Accepted<readonly JournaledRevocation[]>> {
    const { database } = this.options;
    const digest = commandDigest(input.command);
    // A random id is new: there is nothing to look up.
    const known = input.idempotencyKey === undefined ? [] : await this.#known(id);
    await this.#assertSame(known, digest, input);
    const unconfirmed =
      known.length === 0
        ? await this.#accept(id, digest, input, {
            isShared: input.idempotencyKey !== undefined,
            ends: input.endsSessions !== false,
          })
        : known.filter((entry) => entry.first?.ackedAt === undefined);
    const due = unconfirmed.filter(({ moot }) => !moot);
    const confirmed = await this.#confirmed(due.map((entry) => ({ kind: 'revoked', id: entry.id })));
    const entries = revocationsOfCommand(database, id);
    // Another instance was given the key in the same moment, with another command, and was first.
    if (known.length === 0 && entries.some((entry) => entry.commandDigest !== digest)) throw mismatch();
    const wasFirst = entries[0]?.acceptedAt === unconfirmed[0]?.acceptedAt;
    return { entries, confirmed, replayed: known.length > 0 || !wasFirst };
  }

  /** What the command made when it was given before, here or to another instance. */
  async #known(id: string): Promise<readonly JournaledRevocation[]> {
    const { database } = this.options;
    if (hasRevocation(database, id)) return revocationsOfCommand(database, id);
    await this.caughtUp();
    return revocationsOfCommand(database, id);
  }

  /** What the journal has from the log has no digest: it is compared by what it revokes. */
  async #assertSame(known: readonly JournaledRevocation[], digest: string, input: RevokeInput): Promise<void> {
    if (known.length === 0) return;
    if (known.every((entry) => entry.commandDigest === digest)) return;
    if (known.some((entry) => entry.origin === 'command')) throw mismatch();
    const { planned } = await this.consider(input.command, input.operator);
    if (!saysTheSame(planned, known, input.command)) throw mismatch();
  }

  async #accept(
    id: string,
    commandDigest: string,
    { command, operator }: RevokeInput,
    { isShared, ends }: Handling,
  ): Promise<readonly Insertable[]> {
    const { planned } = await this.consider(command, operator);
    this.#assertHeeded(command, planned);
    this.#assertWritable();
    this.#assertRoom();
    const acceptedAt = this.options.clock.wall();
    const common = { commandId: id, commandDigest, actor: operator.name, reason: command.reason, acceptedAt };
    const revocations = planned.map((plan, index): NewRevocation => ({
      ...common,
      ...plan,
      id: index === 0 ? id : `${id}.${index + 1}`,
    }));
    const { writer, ender } = this.options;
    return writer.accept({
      revocations,
      ...(isShared && { shared: id }),
      ...(ends && { alongside: (entries) => ender.intend(entries) }),
    });
  }

  /**
   * Another instance may have declared other settings than ours, and nodes keep to what is declared: what is planned must
   * hold for both, or it would be forgotten before the last token that it hits.
   */
  #widened(issuer: KnownIssuer): KnownIssuer {
    const declared = this.options.declared(issuer.declaredAs.issuer);
    return declared === undefined ? issuer : { ...issuer, settings: widerSettings(issuer.settings, declared) };
  }

  async #repeatedPart(input: RevokeInput): Promise<AcceptedPart> {
    const { entries, confirmed } = await this.revoke(input);
    const [entry] = entries;
    if (entry === undefined) throw new RevocationError('ERR_INVARIANT', 'A command made no revocation.');
    const { epoch, sequence } = entry.first ?? {};
    const stored = epoch === undefined || sequence === undefined ? undefined : { epoch, sequence };
    return { entry, stored, confirmed, replayed: true };
  }

  #issuerOf(command: CommandInput): KnownIssuer {
    return this.options.issuers.get(command.issuer);
  }

  #assertWritable(): void {
    if (this.options.keeper.canAccept()) return;
    const { kind } = this.options.keeper.state();
    if (kind === 'disconnected') {
      throw new RevocationError('ERR_FEED_DISCONNECTED', 'The broker cannot be reached. Nothing was accepted.');
    }
    throw new RevocationError(
      'ERR_LOG_UNAVAILABLE',
      'There is no log to write to: see /health/ready. Nothing was accepted.',
    );
  }

  /** What some nodes heed and others do not nobody could rely on. */
  #assertHeeded(command: CommandInput, planned: readonly PlannedRevocation[]): void {
    const isReady = 'olderNodes' in command && command.olderNodes === 'refuseMore';
    if (isReady || planned.every(({ condition }) => condition === undefined)) return;
    const older = this.options.heedless();
    if (older.length === 0) return;
    throw new RevocationError('ERR_CONDITION_UNHEEDED', `${unheededText(older)} Nothing was accepted.`);
  }

  #assertRoom(): void {
    if (this.options.liveEntries() >= this.options.liveEntriesMax) {
      throw new RevocationError(
        'ERR_CAPACITY',
        'The fleet holds as many live revocations as it may. Nothing was accepted.',
      );
    }
    if (this.options.outbox.isFull()) {
      throw new RevocationError(
        'ERR_CAPACITY',
        'Too many accepted commands wait for the broker. Nothing was accepted.',
      );
    }
  }

  #unconfirmedLift(revocation: JournaledRevocation): readonly Entry[] {
    const lift = findLift(this.options.database, revocation.id);
    const due = lift !== undefined && !revocation.moot && lift.retainUntil > this.options.clock.wall() / 1000;
    return due && lift.first?.ackedAt === undefined ? [{ kind: 'lifted', id: revocation.id }] : [];
  }

  async #confirmed(entries: readonly Entry[]): Promise<boolean> {
    const { keeper, confirmations, confirmMsMax = CONFIRM_MS_MAX } = this.options;
    if (entries.length === 0) return true;
    if (keeper.state().kind === 'disconnected') return false;
    const all = await Promise.all(entries.map((entry) => confirmations.wait(entry, confirmMsMax)));
    return !all.includes(undefined);
  }

  /** Where the log has the published ones among the entries. */
  async #stored(entries: readonly NewRevocation[]): Promise<readonly (Stored | undefined)[]> {
    const { keeper, confirmations, confirmMsMax = CONFIRM_MS_MAX } = this.options;
    const due = entries.filter(({ moot }) => !moot);
    if (keeper.state().kind === 'disconnected') return due.map(() => undefined);
    return Promise.all(due.map(({ id }) => confirmations.wait({ kind: 'revoked', id }, confirmMsMax)));
  }
}

const inFlight = (): RevocationError =>
  new RevocationError('ERR_IDEMPOTENCY_IN_FLIGHT', 'A command with this Idempotency-Key is under way.');

const mismatch = (): RevocationError =>
  new RevocationError('ERR_IDEMPOTENCY_MISMATCH', 'This Idempotency-Key was used for another command.');
