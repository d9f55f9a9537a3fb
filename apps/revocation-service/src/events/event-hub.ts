import { type Scope } from '@revocast/core';

/** Something that happened, for whoever watches. No token, no reason, no name of an operator. */
export interface ServiceEvent {
  readonly name: 'revocation' | 'lift' | 'propagation' | 'node';
  /** Operators with limited rights see only what is theirs; undefined = concerns all. */
  readonly target: { readonly issuer: string; readonly scope: Scope } | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export type EventListener = (event: ServiceEvent) => void;

/** Watchers at once; each holds a connection. */
const WATCHERS_MAX = 200;

/** Hands events on to those who watch, and to nobody else: nothing is kept. */
export class EventHub {
  readonly #watchers = new Map<EventListener, () => void>();
  #isClosed = false;

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Whether one more can watch. */
  get isOpen(): boolean {
    return !this.#isClosed && this.#watchers.size < WATCHERS_MAX;
  }

  emit(event: ServiceEvent): void {
    for (const watcher of [...this.#watchers.keys()]) watcher(event);
  }

  /** `ended` is called when the service closes. The returned function ends the watch. */
  watch(watcher: EventListener, ended: () => void): () => void {
    this.#watchers.set(watcher, ended);
    return () => this.#watchers.delete(watcher);
  }

  close(): void {
    this.#isClosed = true;
    for (const ended of [...this.#watchers.values()]) ended();
  }
}
