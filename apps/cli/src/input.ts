import { createReadStream } from 'node:fs';
import { type Readable } from 'node:stream';
import { usage } from './failure.js';
import { type World } from './world.js';

/** A token has at most 64 KiB at the service; more than this is no token. */
const TEXT_BYTES_MAX = 128 * 1024;

/** `-` is stdin. */
export const inputOf = (path: string, world: World): Readable => (path === '-' ? world.stdin : createReadStream(path));

/** Throws a usage failure that names the option, never what was read. */
export async function readText(path: string, world: World, what: string): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of inputOf(path, world)) {
      const part = Buffer.from(chunk as Uint8Array);
      bytes += part.byteLength;
      if (bytes > TEXT_BYTES_MAX) break;
      parts.push(part);
    }
  } catch {
    throw usage(`The file of ${what} cannot be read.`);
  }
  const text = Buffer.concat(parts).toString('utf8').trim();
  if (bytes > TEXT_BYTES_MAX || text === '') throw usage(`${what} is to have one token, and has none or too much.`);
  return text;
}
