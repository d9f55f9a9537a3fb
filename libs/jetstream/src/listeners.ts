/** Those who want to be told of one kind of event, in the order in which they came. */
export class Listeners<T> {
  readonly #all = new Set<(event: T) => void>();

  add(listener: (event: T) => void): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  tell(event: T): void {
    for (const listener of this.#all) listener(event);
  }
}
