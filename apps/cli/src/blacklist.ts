/** Where a Redis is, and how to get in. */
export interface RedisSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
}

/** A key as Redis has it. */
export interface FoundKey {
  readonly key: string;
  /** When it expires, milliseconds since 1970; `never` without a TTL. */
  readonly ends: number | 'never';
  /** Undefined when nobody asked for it, or it is no string. */
  readonly value?: string | undefined;
}

export interface BlacklistOptions {
  readonly settings: RedisSettings;
  /** As for SCAN. */
  readonly pattern: string;
  readonly withValues: boolean;
}

/** Whether the server says which keys change; `unknown` where it does not let its settings be seen. */
export type Notifying = 'on' | 'off' | 'unknown';

export interface Heard {
  key(key: string): void;
  /** Keys may have changed that nobody heard of. */
  gap(): void;
}

/** The keys of a Redis blacklist; nothing there is ever changed. Every call rejects with a Failure that names no key. */
export interface Blacklist {
  /** Once over all keys of the pattern, in no order; one that is there all the while comes at least once. */
  scan(): AsyncIterable<readonly FoundKey[]>;
  /** Those that are still there. */
  read(keys: readonly string[]): Promise<readonly FoundKey[]>;
  /** From when this resolves, keys that are set are heard, if the server notifies. */
  follow(heard: Heard): Promise<Notifying>;
  close(): void;
}

export type OpenBlacklist = (options: BlacklistOptions) => Promise<Blacklist>;
