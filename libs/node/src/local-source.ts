import { open, readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type LocalReading } from '@revocast/core';
import { parseStrictObject } from '@revocast/gate';

/** Where a node finds what overrides the log on it; `localFile` reads it from a file. */
export interface LocalSource {
  /**
   * What is there right now. Never rejects. Gives the same `document` object as long as the content is the same, so that it is
   * not read anew each second.
   */
  look(): Promise<LocalReading>;
}

/** A thousand entries with the longest fields fit many times over; what is larger is no file of ours. */
export const LOCAL_FILE_BYTES_MAX = 4_194_304;

const unreadable = (because: string): LocalReading => ({ kind: 'unreadable', because });

/** Reads the file at `path` at each look. The file may come, go and be replaced, also as a link of a Kubernetes ConfigMap. */
export function localFile(path: string): LocalSource {
  let known: { readonly text: string; readonly reading: LocalReading } | undefined;
  return {
    look: async () => {
      const found = await textOf(path);
      if (typeof found !== 'string') return found;
      if (known?.text !== found) known = { text: found, reading: readingOf(found) };
      return known.reading;
    },
  };
}

/** A member that stands twice is refused: one of the two kills would be dropped in silence. */
function readingOf(text: string): LocalReading {
  const document = parseStrictObject(text);
  return document === undefined
    ? unreadable('is no JSON object, or names a member twice')
    : { kind: 'document', document };
}

async function textOf(path: string): Promise<string | LocalReading> {
  try {
    // O_NONBLOCK by way of stat would race; a handle is looked at before it is read.
    const handle = await open(path, 'r');
    try {
      const stat = await handle.stat();
      // A folder or a device: reading it fails, or never ends.
      if (!stat.isFile()) return unreadable('is no file');
      if (stat.size > LOCAL_FILE_BYTES_MAX) return unreadable(`is larger than ${LOCAL_FILE_BYTES_MAX} bytes`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' ? absentOrLost(path) : unreadable(`cannot be read: ${code}`);
  }
}

/** Only a folder that can be read and does not hold the name says that somebody took the file away. */
async function absentOrLost(path: string): Promise<LocalReading> {
  try {
    const names = await readdir(dirname(path));
    return names.includes(basename(path)) ? unreadable('is a link that leads nowhere') : { kind: 'absent' };
  } catch (error) {
    return unreadable(`its folder cannot be read: ${codeOf(error)}`);
  }
}

/** Not by class: an error of node:fs may come from another realm than ours. */
function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'unknown';
}
