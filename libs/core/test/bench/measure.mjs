// What a measurement on a shared machine needs: many short rounds in turns, and the lower quartile of them.
import { randomBytes } from 'node:crypto';

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
};

export const percentile = (numbers, share) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
};

/** Milliseconds of processor time of the whole process: who else runs on the machine does not count, a collection of garbage does. */
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Garbage of the preparation is not to be collected at the expense of what is measured. */
export const collect = () => globalThis.gc?.();

/**
 * Nanoseconds per call of each of `subjects`, `{ name: { prepare, run } }`: `prepare(count)` makes that many fresh inputs,
 * `run(inputs)` is what counts. They take turns, so that whatever disturbs one disturbs all, and a round is so short that
 * it is seldom interrupted: less than a millisecond.
 */
export const inTurns = (subjects, { rounds, count }) => {
  const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  collect();
  for (let round = 0; round < rounds; round++) {
    for (const [name, { prepare, run }] of Object.entries(subjects)) {
      const inputs = prepare(count);
      const before = performance.now();
      run(inputs);
      times[name].push(((performance.now() - before) * 1e6) / count);
    }
  }
  // The first rounds are those in which the engine still compiles.
  return Object.fromEntries(
    Object.entries(times).map(([name, all]) => [name, percentile(all.slice(Math.ceil(rounds / 4)), 0.25)]),
  );
};

export const timed = (run) => {
  const before = cpuMs();
  run();
  return cpuMs() - before;
};

/** Strings as JSON.parse makes them: flat, and not yet hashed by the engine. */
export const fresh = (texts) => JSON.parse(JSON.stringify(texts));

export const uuids = (count) => {
  const hex = randomBytes(16 * count).toString('hex');
  return Array.from({ length: count }, (_, i) => {
    const text = hex.slice(32 * i, 32 * i + 32);
    return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
  });
};
