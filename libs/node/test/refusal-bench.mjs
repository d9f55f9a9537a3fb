// Part of `npm run bench:after-kill`.
import { idOf, median, say, timed } from '../../../test/bench/measuring.mjs';
import { RefusalCounts } from '../src/refusal-counts.ts';

export function noting() {
  const counts = new RefusalCounts();
  const now = Date.now();
  const ids = Array.from({ length: 64 }, (_, at) => idOf(at));
  const all = () => {
    for (let turn = 0; turn < 5_000; turn++) for (const id of ids) counts.note(id, now);
  };
  const round = () => timed(all) / 320_000;
  say('ns to count one refusal of a known revocation', Math.round(median(Array.from({ length: 9 }, round)) * 1e6));
}
