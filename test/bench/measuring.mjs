/** Shared by the parts of a bench. */
export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
export const timed = (work) => {
  const began = performance.now();
  work();
  return performance.now() - began;
};
export const say = (what, value) => console.log(`${what.padEnd(64)} ${value}`);
export const idOf = (at) => at.toString(16).padStart(32, '0');
