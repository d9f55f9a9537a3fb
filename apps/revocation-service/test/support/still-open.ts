import { afterAll } from '@jest/globals';

const closers: (() => unknown)[] = [];

/**
 * Answers a function that closes once. What a failed test left open is closed after the last test of its file, the
 * newest first: otherwise jest would wait for ever for what goes on connecting and answering.
 */
export function closedInTheEnd<Closed>(close: () => Closed): () => Closed {
  let closed: { readonly result: Closed } | undefined;
  const once = (): Closed => (closed ??= { result: close() }).result;
  closers.push(once);
  return once;
}

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
}, 60_000);
