import { expect, it } from '@jest/globals';
import { CASES, play } from './cases.js';
import { MUTANTS } from './mutants.js';

it.each(MUTANTS.map((mutant) => ({ name: mutant.name, mutant })))('the suite fails $name', async ({ mutant }) => {
  const failed: string[] = [];
  // Those that every adapter serves; a route that is missing would be no mistake.
  for (const each of CASES.filter(({ needs }) => needs === undefined || needs === 'bounded')) {
    await play(each, mutant).catch(() => failed.push(each.title));
  }
  expect(failed).not.toEqual([]);
  expect(failed.length).toBeLessThan(CASES.length);
});
