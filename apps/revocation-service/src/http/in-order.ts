/**
 * Runs `work` on many items at once, at most `window`, and gives the results in the order of the items, each as soon as
 * it is its turn, also while the next item is not there yet: a client may wait for an answer before it sends more.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  window: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const iterator = items[Symbol.asyncIterator]();
  const results: Promise<R>[] = [];
  let next: Promise<IteratorResult<T>> | undefined = iterator.next();
  try {
    while (next !== undefined || results.length > 0) {
      const first = results[0];
      const isResultDue =
        first !== undefined && (next === undefined || results.length >= window || (await isFirst(first, next)));
      if (isResultDue) {
        void results.shift();
        yield await first;
        continue;
      }
      const item: IteratorResult<T> | undefined = await next;
      if (item === undefined || item.done === true) {
        next = undefined;
      } else {
        results.push(work(item.value));
        next = iterator.next();
      }
    }
  } finally {
    await iterator.return?.();
  }
}

const isFirst = (result: Promise<unknown>, item: Promise<unknown>): Promise<boolean> =>
  Promise.race([item.then(() => false), result.then(() => true)]);
