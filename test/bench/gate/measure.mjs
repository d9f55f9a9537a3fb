// How everything here is measured: a thing and its baseline in turns, in one process, and the median of several turns.
// Only ratios are worth comparing between machines.

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

export const rounded = (value, digits = 3) => Number(value.toPrecision(digits));

/**
 * Microseconds of CPU time per call, of all threads of the process: the wall clock would count what other processes do.
 * What returns no promise is not awaited: that would measure the wait.
 */
async function microsPerCall(call, calls) {
  const before = process.cpuUsage();
  for (let at = 0; at < calls; at++) {
    const answer = call(at);
    if (typeof answer?.then === 'function') await answer;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

/**
 * Runs `contenders`, `{ name: { call, calls } }`, in turns, the first turn unmeasured. Returns for each its median
 * microseconds, and under `ratio` the median over the turns of (baseline / contender).
 */
export async function compare(contenders, { turns, baseline }) {
  const names = Object.keys(contenders);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let turn = 0; turn <= turns; turn++) {
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      const micros = await microsPerCall(contenders[name].call, contenders[name].calls);
      if (turn > 0) times[name].push(micros);
    }
  }
  const ratioOf = (name) => median(times[name].map((micros, turn) => times[baseline][turn] / micros));
  return Object.fromEntries(
    names.map((name) => [name, { micros: rounded(median(times[name])), ratio: rounded(ratioOf(name)) }]),
  );
}
