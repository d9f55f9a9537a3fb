import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type RevocationNode } from '@revocast/nest';
import { ISSUERS, watchIssuers } from '@revocast/node';

/** Reads the issuers again when their file changes, and says in the log what came of it. */
export class IssuersFile implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger(IssuersFile.name);
  #stop: () => void = () => undefined;

  constructor(
    private readonly node: RevocationNode,
    private readonly path: string | undefined,
  ) {}

  onApplicationBootstrap(): void {
    const { node, path } = this;
    if (path === undefined) return;
    this.#stop = watchIssuers({
      ...{ node, path, setting: ISSUERS },
      onReload: (reload) => this.#logger[reload.event === 'issuersReplaced' ? 'log' : 'error'](reload),
    });
  }

  onApplicationShutdown(): void {
    this.#stop();
  }
}
