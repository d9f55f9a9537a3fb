// Waiting for a child process to answer over HTTP.
const READY_WITHIN_MS = 60_000;
const POLL_MS = 50;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What one question brought: enough, or why not. */
const attempt = async (url, isEnough) => {
  try {
    const response = await fetch(url);
    const text = await response.text();
    return isEnough(response) ? undefined : `${response.status} ${text}`;
  } catch (error) {
    return String(error.cause?.code ?? error.message);
  }
};

/**
 * Asks `url` until `isEnough(response)`.
 * @param {AbortSignal} [signal] gives up
 * @throws with what it said last, when the child ends or too much time goes by
 */
const untilAnswer = async (url, child, isEnough, signal) => {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const problem = await attempt(url, isEnough);
    if (problem === undefined) return;
    signal?.throwIfAborted();
    if (!child.alive) throw new Error(`${child.name} ended while starting; its log: ${child.logFile}`);
    if (performance.now() > deadline) {
      throw new Error(
        `${child.name} is not ready after ${READY_WITHIN_MS / 1000} s: ${problem}; its log: ${child.logFile}`,
      );
    }
    await pause(POLL_MS);
  }
};

export const untilReady = (url, child, signal) =>
  untilAnswer(`${url}/health/ready`, child, (response) => response.status === 200, signal);

export const untilAlive = (url, child) => untilAnswer(`${url}/health/live`, child, () => true);
