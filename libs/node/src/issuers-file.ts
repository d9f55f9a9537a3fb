import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { issuersFrom } from '@revocast/gate';
import { type RevocationNode } from './revocation-node.js';

/** How often the file is looked at. By time, not by file events: those miss the swapped links of mounted volumes. */
const WATCH_MS = 2_000;

/** What came of a changed file. */
export type IssuersReload =
  | { readonly event: 'issuersReplaced'; readonly issuers: readonly string[] }
  | { readonly event: 'issuersKept'; readonly because: string };

export interface IssuersWatch {
  readonly node: Pick<RevocationNode, 'replaceIssuers'>;
  readonly path: string;
  /** Names the setting in messages. */
  readonly setting: string;
  readonly onReload: (reload: IssuersReload) => void;
}

/** Reads the issuers again when their file changes. A file that became bad changes nothing. The result ends the watch. */
export function watchIssuers({ node, path, setting, onReload }: IssuersWatch): () => void {
  const onChange = (): void => {
    try {
      const issuers = issuersFrom(readFileSync(path, 'utf8'), setting);
      node.replaceIssuers(issuers);
      onReload({ event: 'issuersReplaced', issuers: issuers.map(({ issuer }) => issuer) });
    } catch (error) {
      onReload({ event: 'issuersKept', because: error instanceof Error ? error.message : 'unreadable' });
    }
  };
  watchFile(path, { interval: WATCH_MS, persistent: false }, onChange);
  return () => unwatchFile(path, onChange);
}
