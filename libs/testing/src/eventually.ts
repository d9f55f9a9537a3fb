export interface EventuallyOptions {
  /** Milliseconds, default 30,000: a limit says that something hangs, never how fast it should be on a busy machine. */
  readonly withinMs?: number;
}

const PAUSE_MS = 10;

/**
 * Repeats `attempt` until it no longer throws and answers its result; in the end its last error is thrown. What a test
 * waits for is a condition, never a time.
 *
 *     await eventually(() => expect(feed.heard).toHaveLength(3));
 */
export const eventually = async <Result>(
  attempt: () => Result | Promise<Result>,
  { withinMs = 30_000 }: EventuallyOptions = {},
): Promise<Result> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
};
