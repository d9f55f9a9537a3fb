export interface QueuedTask {
  readonly dueAt: number;
  readonly order: number;
  readonly run: () => void;
}

/** Tasks in the order of their times, and of their coming where times are equal. */
export class TaskQueue {
  /** Latest first: the next one is taken from the end, which moves nothing. */
  readonly #tasks: QueuedTask[] = [];
  #order = 0;

  get size(): number {
    return this.#tasks.length;
  }

  /** The returned function takes the task back. */
  add(dueAt: number, run: () => void): () => void {
    this.#order += 1;
    const task = { dueAt, order: this.#order, run };
    this.#tasks.splice(this.#placeOf(task), 0, task);
    return () => {
      const at = this.#placeOf(task);
      if (this.#tasks[at] === task) this.#tasks.splice(at, 1);
    };
  }

  /** Takes the next task out, if it is due at or before `end`. */
  take(end: number): QueuedTask | undefined {
    const next = this.#tasks.at(-1);
    return next !== undefined && next.dueAt <= end ? this.#tasks.pop() : undefined;
  }

  /** Where the task stands, or belongs. */
  #placeOf({ dueAt, order }: QueuedTask): number {
    let low = 0;
    let high = this.#tasks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#tasks[middle];
      const isLater = other !== undefined && (other.dueAt > dueAt || (other.dueAt === dueAt && other.order > order));
      if (isLater) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
