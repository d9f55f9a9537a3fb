import { setImmediate as turn } from 'node:timers/promises';

/** As much as a socket takes at once. */
const BYTES_MAX = 64 * 1024;

/**
 * Joins the texts that come within one turn of the event loop: writing each line of a large answer by itself costs more
 * than making it. What comes alone goes out alone.
 */
export async function* coalesced(texts: AsyncIterable<string>): AsyncGenerator<string> {
  const iterator = texts[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    for (;;) {
      const first = await next;
      if (first.done === true) return;
      let joined = first.value;
      next = iterator.next();
      const end = turn(undefined);
      for (let more = await Promise.race([next, end]); more !== undefined && more.done !== true;) {
        joined += more.value;
        next = iterator.next();
        if (joined.length >= BYTES_MAX) break;
        more = await Promise.race([next, end]);
      }
      yield joined;
    }
  } finally {
    await iterator.return?.();
  }
}
