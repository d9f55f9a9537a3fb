// Part of `npm run bench:after-kill`.
import { LIVE_TOKEN_MARKS_MAX } from '@revocast/core';
import { idOf, say } from '../../../test/bench/measuring.mjs';
import { encodeAnswer } from '../src/question-codec.ts';
import { encodeRefusalReport } from '../src/refusal-codec.ts';

export function sizes() {
  const from = { service: 'payments', instance: '01234567-89ab-cdef-0123-456789abcdef' };
  const count = (at) => ({ id: idOf(at), run: 1_000 + at, refused: 1_234, lastAt: Date.now() });
  const report = (length) =>
    encodeRefusalReport({ ...from, counts: Array.from({ length }, (_, at) => count(at)), dropped: 0 });
  say('bytes of a report with one count, and with 256', `${report(1).length}, ${report(256).length}`);
  const marks = Array.from({ length: LIVE_TOKEN_MARKS_MAX }, () => '0123456789ab');
  const answer = encodeAnswer({
    ...from,
    question: from.instance,
    count: { tokens: 64, machines: 0, atLeast: false, marks },
  });
  say('bytes of an answer with 64 marks', answer.length);
}
