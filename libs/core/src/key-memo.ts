/** As many as `KEY_KINDS`, which cannot be imported: keys know of tokens, and tokens of memos. */
const KINDS_MAX = 10;

/**
 * Where an index leaves the hashes of one token's keys, for facts that are asked for again and again: making them is most of
 * a look-up that finds nothing. Whoever keeps facts makes one for each, never one for two. Nothing of it can be read from
 * outside: the hash is made for a place where nobody sees its output (ADR 0011), and facts end up in logs.
 */
export class KeyMemo {
  /** Hashes of another index would be hashes under another key. */
  #owner: object | undefined;
  /** One bit for each kind that was asked for, and one if the token has such a key. */
  #asked = 0;
  #has = 0;
  readonly #words: number[] = Array.from({ length: 2 * KINDS_MAX }, () => 0);

  /** The first index that asks takes the memo for good. */
  isOf(owner: object): boolean {
    this.#owner ??= owner;
    return this.#owner === owner;
  }

  /** Writes the first half of the hash into `words`. `false`: the token has no such key; undefined: not known yet. */
  recall(kind: number, words: Int32Array): boolean | undefined {
    const bit = 1 << kind;
    if ((this.#asked & bit) === 0) return undefined;
    words[0] = this.#words[2 * kind] ?? 0;
    words[1] = this.#words[2 * kind + 1] ?? 0;
    return (this.#has & bit) !== 0;
  }

  note(kind: number, has: boolean, words: Int32Array): void {
    const bit = 1 << kind;
    this.#asked |= bit;
    if (!has) return;
    this.#has |= bit;
    this.#words[2 * kind] = words[0] ?? 0;
    this.#words[2 * kind + 1] = words[1] ?? 0;
  }
}
