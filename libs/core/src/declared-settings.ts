import { DECLARED_ISSUERS_MAX } from './follower-limits.js';
import { type IssuerSettings } from './issuer-settings.js';

interface Declaration {
  readonly epoch: string;
  readonly version: number;
  readonly settings: IssuerSettings;
}

/** Names what in `mine` would let a token pass or a revocation be forgotten that `declared` would not. */
export type CompareSettings = (mine: IssuerSettings, declared: IssuerSettings) => readonly string[];

/**
 * What the log declares about issuers, against what this process is configured with. Where our own settings are weaker
 * we cannot vouch for the issuer's tokens.
 */
export class DeclaredSettings {
  readonly #compare: CompareSettings;
  readonly #declared = new Map<string, Declaration>();
  #own: ReadonlyMap<string, IssuerSettings> = new Map();
  #weaker: ReadonlySet<string> = new Set();
  /** Declarations were dropped, so an issuer without one may have one. */
  #overflowed = false;

  constructor(compare: CompareSettings) {
    this.#compare = compare;
  }

  /** The process is now configured with these. */
  replaceOwn(own: readonly IssuerSettings[]): void {
    this.#own = new Map(own.map((settings) => [settings.issuer, settings]));
    this.#collectWeaker();
  }

  /** The highest version of an epoch counts, in whatever order they arrive; a new epoch begins to count again. */
  declare(declaration: Declaration): void {
    const { epoch, version, settings } = declaration;
    const before = this.#declared.get(settings.issuer);
    if (before?.epoch === epoch && before.version >= version) return;
    if (before === undefined && this.#declared.size >= DECLARED_ISSUERS_MAX) this.#overflowed = true;
    else this.#declared.set(settings.issuer, declaration);
    this.#collectWeaker();
  }

  /** Asked with every token, so it only looks up. */
  isWeaker(issuer: string, family?: string): boolean {
    if (family === undefined) return this.#weaker.has(issuer);
    return this.#weaker.has(family) || this.#isWeakerThanItsOwn(issuer, family);
  }

  /** Whether there was more than is remembered. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  all(): readonly Pick<Declaration, 'version' | 'settings'>[] {
    return [...this.#declared.values()].map(({ version, settings }) => ({ version, settings }));
  }

  /** What is declared for the issuers of this process. */
  ofOwn(): readonly IssuerSettings[] {
    return [...this.#declared.values()].map(({ settings }) => settings).filter(({ issuer }) => this.#own.has(issuer));
  }

  /** The log may declare one issuer of a pattern by itself, and stricter. */
  #isWeakerThanItsOwn(issuer: string, family: string): boolean {
    const [own, declared] = [this.#own.get(family), this.#declared.get(issuer)];
    if (declared === undefined) return this.#overflowed;
    if (own === undefined) return false;
    return this.#compare({ ...own, issuer }, declared.settings).length > 0;
  }

  #collectWeaker(): void {
    const weaker = [...this.#own.values()].filter((own) => this.#isWeaker(own)).map(({ issuer }) => issuer);
    this.#weaker = new Set(weaker);
  }

  #isWeaker(own: IssuerSettings): boolean {
    const declared = this.#declared.get(own.issuer);
    return declared === undefined ? this.#overflowed : this.#compare(own, declared.settings).length > 0;
  }
}
