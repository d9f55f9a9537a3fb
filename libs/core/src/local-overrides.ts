import { type Clock, type Instant, readClock } from './clock.js';
import { RevocationError } from './errors.js';
import { type CutoffClaim, type IssuerSettings } from './issuer-settings.js';
import { type LocalFile, parseLocalFile } from './local-file.js';
import { compileLocalEntries, type LocalRevocations } from './local-revocations.js';
import { ModeSwitch, type ModeOverrideStatus } from './mode-override.js';
import { type TokenFacts } from './token.js';
import { type Freshness, type Hit, type Mode, type RevocationSource } from './verdict.js';

/**
 * What was found where the local file is expected. `absent` only when its folder can be read and does not hold it: that is how a
 * deleted ConfigMap looks. Everything else that yields no document is `unreadable`, with a short reason without
 * content of the file.
 */
export type LocalReading =
  | { readonly kind: 'document'; readonly document: unknown }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly because: string };

export interface LocalOverridesStatus {
  /** Grows with each file that was put in force: two files may say as much and not the same. */
  readonly revision: number;
  /** Local revocations in force. */
  readonly entries: number;
  /** Entries that can hit no token here: an issuer or a claim that this node does not know. Positions in the file. */
  readonly ineffective: readonly number[];
  readonly modeOverride: ModeOverrideStatus | undefined;
  /** What is wrong with the file that is there now, one problem a line; the last good one stays in force meanwhile. */
  readonly broken: string | undefined;
  /** No good one was ever seen: nobody knows what the file would revoke, so every answer is `unknown`. */
  readonly blind: boolean;
}

export interface LocalOverridesOptions {
  readonly clock: Clock;
  /** The mode the node is configured with. */
  readonly mode: Mode;
  readonly issuers: readonly IssuerSettings[];
}

const EMPTY: LocalFile = { revocations: [] };

/**
 * What one node is told by a file beside it, for the hour in which the log cannot be reached: revocations that are asked
 * beside the index and never enter it, and another mode. Whole files count: a broken one changes nothing, and says so.
 */
export class LocalOverrides {
  readonly #clock: Clock;
  readonly #mode: ModeSwitch;
  /** The one in force: seen again it is not read again. */
  #document: unknown;
  #issuers: readonly IssuerSettings[];
  #cutoffClaims: ReadonlyMap<string, CutoffClaim>;
  /** The last good one; undefined before the first. */
  #file: LocalFile | undefined;
  #revocations: LocalRevocations | undefined;
  #revision = 0;
  #broken: string | undefined;
  #hasLooked = false;
  /** A bad sight that was seen once: editors and mounts replace a file by way of none and of half of one. */
  #doubted: string | undefined;

  constructor(options: LocalOverridesOptions) {
    this.#clock = options.clock;
    this.#mode = new ModeSwitch(options.mode);
    this.#issuers = options.issuers;
    this.#cutoffClaims = claimsOf(options.issuers);
  }

  /** Takes what was found. A good file counts at once; none or a broken one when it is seen twice in a row. */
  take(reading: LocalReading): void {
    if (reading.kind === 'document' && reading.document === this.#document && this.#broken === undefined) {
      this.#doubted = undefined;
      return;
    }
    const now = readClock(this.#clock);
    const found = this.#judge(reading, now);
    if (found.sight === 'good') this.#doubted = undefined;
    else if (this.#hasLooked && this.#doubted !== found.sight) {
      this.#doubted = found.sight;
      return;
    }
    const isFirst = !this.#hasLooked;
    this.#hasLooked = true;
    if (found.adopted === undefined) this.#broken = found.sight;
    else {
      this.#broken = undefined;
      const document = reading.kind === 'document' ? reading.document : undefined;
      if (document !== this.#document) this.#revision += 1;
      this.#document = document;
      this.#file = found.adopted.file;
      this.#revocations = found.adopted.revocations;
      this.#mode.set(found.adopted.file.mode, now, isFirst);
    }
  }

  /** Lets an announced mode begin and one that is over end. */
  step(): void {
    this.#mode.step(readClock(this.#clock));
  }

  /** Entries for issuers that were unknown may hit from now on, and their cut-offs follow the new settings. */
  replaceIssuers(issuers: readonly IssuerSettings[]): void {
    this.#issuers = issuers;
    this.#cutoffClaims = claimsOf(issuers);
    const file = this.#file;
    if (file === undefined) return;
    try {
      this.#revocations = compileLocalEntries(file.revocations, issuers, this.#clock.wall());
      this.#revision += 1;
    } catch (error) {
      // A cut-off that the new settings call future: the entries stay as they are, and the next look says so.
      if (!(error instanceof RevocationError)) throw error;
      this.#document = undefined;
    }
  }

  mode(): Mode {
    return this.#mode.mode(readClock(this.#clock));
  }

  /** The weakest mode that is or will shortly be in force: what the heartbeat says. */
  get saidMode(): Mode {
    return this.#mode.said;
  }

  /** Also before the first look: until then nobody knows what the file would revoke. */
  get blind(): boolean {
    return this.#file === undefined;
  }

  find(token: TokenFacts): Hit | undefined {
    // The usual case, asked with every token: the file is there for an emergency and says nothing.
    if (this.#file === undefined || this.#file.revocations.length === 0) return undefined;
    const cutoffClaim = this.#cutoffClaims.get(token.family ?? token.issuer) ?? 'iat';
    return this.#revocations?.index.find(token, this.#clock.wall(), cutoffClaim);
  }

  status(): LocalOverridesStatus {
    const now = readClock(this.#clock);
    return {
      revision: this.#revision,
      entries: this.#revocations?.index.size(now.wall).liveEntries ?? 0,
      ineffective: this.#revocations?.ineffective ?? [],
      modeOverride: this.#mode.status(now),
      broken: this.#broken,
      blind: this.blind,
    };
  }

  #judge(reading: LocalReading, now: Instant): Judgement {
    if (reading.kind === 'unreadable') return { sight: reading.because };
    if (reading.kind === 'absent') return { sight: 'absent', adopted: this.#compiled(EMPTY, now) };
    try {
      return { sight: 'good', adopted: this.#compiled(parseLocalFile(reading.document, now.wall), now) };
    } catch (error) {
      if (!(error instanceof RevocationError)) throw error;
      return { sight: error.message };
    }
  }

  #compiled(file: LocalFile, now: Instant): Adopted {
    return { file, revocations: compileLocalEntries(file.revocations, this.#issuers, now.wall) };
  }
}

interface Adopted {
  readonly file: LocalFile;
  readonly revocations: LocalRevocations;
}

interface Judgement {
  /** `good`, `absent`, or what is wrong. */
  readonly sight: string;
  /** Undefined: nothing that could be put in force. */
  readonly adopted?: Adopted;
}

const claimsOf = (issuers: readonly IssuerSettings[]): ReadonlyMap<string, CutoffClaim> =>
  new Map(issuers.map(({ issuer, cutoffClaim }) => [issuer, cutoffClaim]));

/**
 * A source that asks the local revocations beside the index, whatever state the follower is in. While the local file was
 * never read nobody can say what it revokes: that is as if the node had never been current.
 */
export const besideLocal = (source: RevocationSource, local: LocalOverrides): RevocationSource => ({
  find: (token) => {
    const hit = source.find(token);
    // `byAuthTime` tells the client that logging in again helps: it does so only if nothing else hits.
    if (hit !== undefined && !hit.byAuthTime) return hit;
    return local.find(token) ?? hit;
  },
  freshness: (issuer, boundMs, family): Freshness =>
    local.blind
      ? { fresh: false, because: 'localFile', everCurrent: false }
      : source.freshness(issuer, boundMs, family),
});
