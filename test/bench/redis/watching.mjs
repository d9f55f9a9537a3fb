// How the scenes look at a node: by its answers alone, as its users do.
import { median, quantile, rounded } from '../nats-bench.mjs';

const HANGS_AFTER_MS = 60_000;

/** Asks until the answer is `status`; resolves with when, and with how often each status came before. */
export async function untilAnswered(node, token, status, { withinMs = HANGS_AFTER_MS } = {}) {
  const from = performance.now();
  const before = {};
  for (;;) {
    const { status: got } = await node.ask(token);
    const ms = performance.now() - from;
    if (got === status) return { ms, before };
    before[got] = (before[got] ?? 0) + 1;
    if (ms > withinMs) return { ms: undefined, before };
  }
}

/** As {@link untilAnswered}, and rejects when it never comes: the scene itself is broken then. */
export async function mustAnswer(node, token, status) {
  const { ms, before } = await untilAnswered(node, token, status);
  if (ms === undefined) throw new Error(`a node never answered ${status}, but ${JSON.stringify(before)}`);
  return ms;
}

/** A good token and a revoked one in turns for so long: how often each status came, and what it took. */
export async function watch(node, { good, revoked }, ms) {
  const statuses = { good: {}, revoked: {} };
  const times = [];
  const until = performance.now() + ms;
  while (performance.now() < until) {
    for (const [name, token] of [
      ['good', good],
      ['revoked', revoked],
    ]) {
      const { status, ms: took } = await node.ask(token);
      statuses[name][status] = (statuses[name][status] ?? 0) + 1;
      times.push(took);
    }
  }
  return { ...statuses, p50Ms: rounded(median(times)), p99Ms: rounded(quantile(times, 0.99)) };
}
