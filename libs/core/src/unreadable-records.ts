import { UNREADABLE_MAX, VOIDS_MAX } from './follower-limits.js';

/**
 * Records that we signed and cannot read: what they revoke is not in the index, so their issuer stays unknown until an
 * upgrade or a `voided` record ends it. A void may arrive before its record; both orders end alike.
 */
export class UnreadableRecords {
  /** Record id -> its epoch and issuer; issuer undefined = nobody knows whose tokens it hits. */
  readonly #records = new Map<string, { readonly epoch: string; readonly issuer: string | undefined }>();
  readonly #voids = new Set<string>();
  /** The epoch in which there were more than we remember: then all issuers are unknown. */
  #overflowedIn: string | undefined;
  #issuers: ReadonlySet<string | undefined> = new Set();

  add(id: string, issuer: string | undefined, epoch: string): void {
    if (this.#voids.has(id)) return;
    if (this.#records.size < UNREADABLE_MAX || this.#records.has(id)) this.#records.set(id, { epoch, issuer });
    else this.#overflowedIn = epoch;
    this.#collect();
  }

  /** A void that is not remembered because there are too many only keeps an issuer unknown for longer. */
  void(id: string): void {
    if (this.#voids.size < VOIDS_MAX) this.#voids.add(id);
    if (this.#records.delete(id)) this.#collect();
  }

  /** A newer epoch has published everything live again: what could not be read in older logs no longer matters. */
  keepOnly(epoch: string): void {
    for (const [id, record] of this.#records) if (record.epoch !== epoch) this.#records.delete(id);
    if (this.#overflowedIn !== epoch) this.#overflowedIn = undefined;
    this.#collect();
  }

  /** Whether there was more than is remembered. */
  get overflowed(): boolean {
    return this.#overflowedIn !== undefined || this.#voids.size >= VOIDS_MAX;
  }

  all(): readonly { readonly id: string; readonly issuer: string | undefined }[] {
    return [...this.#records].map(([id, { issuer }]) => ({ id, issuer }));
  }

  voids(): readonly string[] {
    return [...this.#voids];
  }

  /** Asked with every token, so it only looks up. */
  covers(issuer: string | undefined): boolean {
    return this.#issuers.size > 0 && (this.#issuers.has(issuer) || this.#issuers.has(undefined));
  }

  /** Each issuer once; undefined stands for all of them. */
  issuers(): readonly (string | undefined)[] {
    return [...this.#issuers];
  }

  #collect(): void {
    const issuers = new Set([...this.#records.values()].map(({ issuer }) => issuer));
    if (this.#overflowedIn !== undefined) issuers.add(undefined);
    this.#issuers = issuers;
  }
}
