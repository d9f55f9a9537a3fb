import { readFileSync, type StatsListener, unwatchFile, watchFile } from 'node:fs';
import { type IssuerConfig, issuersFrom } from '@revocast/gate';
import { type ServiceLog } from '../log/service-log.js';

/** How often the file is looked at. By time, not by file events: those miss the swapped links of mounted volumes. Milliseconds. */
const WATCH_MS = 2_000;

export interface IssuersFileOptions {
  readonly path: string;
  readonly changed: (issuers: readonly IssuerConfig[]) => void;
  readonly log: ServiceLog;
}

/** Reads the issuers again when their file changes. A file that became bad changes nothing, and the log says so. */
export class IssuersFile {
  readonly #reload: StatsListener = () => this.#read();

  constructor(private readonly options: IssuersFileOptions) {}

  start(): void {
    watchFile(this.options.path, { interval: WATCH_MS, persistent: false }, this.#reload);
  }

  close(): void {
    unwatchFile(this.options.path, this.#reload);
  }

  #read(): void {
    const { path, changed, log } = this.options;
    try {
      const issuers = issuersFrom(readFileSync(path, 'utf8'), 'REVOCAST_ISSUERS');
      changed(issuers);
      log.info('issuersReplaced', { issuers: issuers.map(({ issuer }) => issuer) });
    } catch (error) {
      log.error('issuersKept', { error });
    }
  }
}
