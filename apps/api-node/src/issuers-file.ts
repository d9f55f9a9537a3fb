import { readFileSync, unwatchFile, watchFile, type StatsListener } from 'node:fs';
import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { issuersFrom } from '@revocast/gate';
import { type RevocationNode } from '@revocast/nest';
import { ISSUERS } from './settings.js';

/** How often the file is looked at. By time, not by file events: those miss the swapped links of mounted volumes. */
const WATCH_MS = 2_000;

/** Reads the issuers again when their file changes. A file that became bad changes nothing, and the log says so. */
export class IssuersFile implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger(IssuersFile.name);
  readonly #onChange: StatsListener = () => {
    this.#reload();
  };

  constructor(
    private readonly node: RevocationNode,
    private readonly path: string | undefined,
  ) {}

  onApplicationBootstrap(): void {
    if (this.path !== undefined) watchFile(this.path, { interval: WATCH_MS, persistent: false }, this.#onChange);
  }

  onApplicationShutdown(): void {
    if (this.path !== undefined) unwatchFile(this.path, this.#onChange);
  }

  #reload(): void {
    try {
      const issuers = issuersFrom(readFileSync(this.path ?? '', 'utf8'), ISSUERS);
      this.node.replaceIssuers(issuers);
      this.#logger.log({ event: 'issuersReplaced', issuers: issuers.map(({ issuer }) => issuer) });
    } catch (error) {
      const because = error instanceof Error ? error.message : 'unreadable';
      this.#logger.error({ event: 'issuersKept', because });
    }
  }
}
