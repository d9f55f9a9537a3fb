/** Something that ends at a time. Seconds. */
export interface Ending {
  readonly endsAt: number;
}

export interface TimelineListener<T> {
  ended(item: T): void;
  /** The clock was set back to before the end of an item that had ended. */
  resumed(item: T): void;
}

/**
 * Knows which items have ended at a reading of a clock that may also step back, and takes out the ones that ended long
 * ago. Asking again at the same time costs two comparisons, which is why each check can afford it.
 */
export class Timeline<T extends Ending> {
  /** A binary heap: the next one to end is first. */
  readonly #running: T[] = [];
  /** By end, ascending; what stands before `#taken` has been taken out. */
  #ended: (T | undefined)[] = [];
  #taken = 0;

  constructor(private readonly listener: TimelineListener<T>) {}

  /** The item counts as running until the next `moveTo`. */
  add(item: T): void {
    this.#running.push(item);
    this.#siftUp(this.#running.length - 1);
  }

  /** Afterwards exactly the items with `endsAt <= now` have ended. */
  moveTo(now: number): void {
    for (let last = this.#ended.at(-1); last !== undefined && last.endsAt > now; last = this.#ended.at(-1)) {
      this.#ended.pop();
      this.add(last);
      this.listener.resumed(last);
    }
    for (let next = this.#running[0]; next !== undefined && next.endsAt <= now; next = this.#running[0]) {
      this.#removeFirst();
      this.#insertEnded(next);
      this.listener.ended(next);
    }
  }

  /** Takes out the earliest of the ended items, if it ended at or before `limit`. */
  takeEnded(limit: number): T | undefined {
    const item = this.#ended[this.#taken];
    if (item === undefined || item.endsAt > limit) return undefined;
    this.#ended[this.#taken++] = undefined;
    this.#compact();
    return item;
  }

  /** Gives the room of taken items back once it is half of all: moving the rest each time would cost its square. */
  #compact(): void {
    if (this.#taken * 2 < this.#ended.length) return;
    this.#ended = this.#ended.slice(this.#taken);
    this.#taken = 0;
  }

  /** Nearly always the last: only an item that was added after its end belongs further to the front. */
  #insertEnded(item: T): void {
    let at = this.#ended.length;
    while (at > this.#taken && (this.#ended[at - 1]?.endsAt ?? 0) > item.endsAt) at--;
    this.#ended.splice(at, 0, item);
  }

  #removeFirst(): void {
    const last = this.#running.pop();
    if (last === undefined || this.#running.length === 0) return;
    this.#running[0] = last;
    this.#siftDown(0);
  }

  #siftUp(start: number): void {
    for (let child = start; child > 0;) {
      const parent = (child - 1) >> 1;
      if (this.#endOf(parent) <= this.#endOf(child)) return;
      this.#swap(parent, child);
      child = parent;
    }
  }

  #siftDown(start: number): void {
    for (let parent = start; ;) {
      const left = 2 * parent + 1;
      const child = this.#endOf(left + 1) < this.#endOf(left) ? left + 1 : left;
      if (this.#endOf(parent) <= this.#endOf(child)) return;
      this.#swap(parent, child);
      parent = child;
    }
  }

  #endOf(index: number): number {
    return this.#running[index]?.endsAt ?? Infinity;
  }

  #swap(a: number, b: number): void {
    const [itemA, itemB] = [this.#running[a], this.#running[b]];
    if (itemA === undefined || itemB === undefined) return;
    this.#running[a] = itemB;
    this.#running[b] = itemA;
  }
}
