import { describe, expect, it } from '@jest/globals';
import { inOrder } from './in-order.js';

/** Items and results that the test releases one by one. */
class Gates<T> {
  readonly #waiting: ((value: T) => void)[] = [];
  next(): Promise<T> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  release(index: number, value: T): void {
    this.#waiting[index]?.(value);
  }
  get asked(): number {
    return this.#waiting.length;
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- items that are there already
async function* items(count: number): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) yield item;
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Work in order', () => {
  it('gives results in the order of the items, whichever is done first', async () => {
    const work = new Gates<string>();
    const results: string[] = [];
    const done = (async () => {
      for await (const result of inOrder(items(3), 10, () => work.next())) results.push(result);
    })();
    await settled();
    work.release(2, 'c');
    work.release(1, 'b');
    await settled();
    expect(results).toEqual([]);
    work.release(0, 'a');
    await done;
    expect(results).toEqual(['a', 'b', 'c']);
  });

  it('has no more than the window under way', async () => {
    const work = new Gates<number>();
    const iterator = inOrder(items(10), 3, () => work.next());
    const first = iterator.next();
    await settled();
    expect(work.asked).toBe(3);
    work.release(0, 0);
    await first;
    void iterator.next();
    await settled();
    expect(work.asked).toBe(4);
  });

  it('gives a result while it waits for the next item', async () => {
    const input = new Gates<IteratorResult<number>>();
    const iterator = inOrder({ [Symbol.asyncIterator]: () => ({ next: () => input.next() }) }, 10, (item) =>
      Promise.resolve(item),
    );
    const first = iterator.next();
    input.release(0, { value: 7, done: false });
    expect(await first).toEqual({ value: 7, done: false });
  });

  it('ends with the items, and passes their failure on', async () => {
    const failing = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('cut')) }) };
    await expect(inOrder(failing, 2, (item) => Promise.resolve(item)).next()).rejects.toThrow('cut');
    expect(await inOrder(items(0), 2, (item) => Promise.resolve(item)).next()).toMatchObject({ done: true });
  });
});
