import { type Readable } from 'node:stream';
import { type OpenBlacklist } from './blacklist.js';

/** All that a command touches, so that a test can hand it another one. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  out(text: string): void;
  err(text: string): void;
  /** Undefined where nobody can be asked. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  /** Whether stderr is one, where a line can be written over. */
  readonly isTerminal: boolean;
  readonly openBlacklist: OpenBlacklist;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** Aborts with Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}
