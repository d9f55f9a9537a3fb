// Part of `npm run bench:after-kill`.
import { createIndex, epochSeconds } from '@revocast/core';
import { median, say, timed } from '../../../test/bench/measuring.mjs';
import { countLiveTokens } from '../src/live-tokens.ts';

const ISSUER = 'https://issuer.example';
const TOKENS = 20_000;

export function asking() {
  const now = Date.now();
  const seconds = Math.floor(now / 1000);
  const tokens = Array.from({ length: TOKENS }, (_, at) => ({
    name: `name-${at}`,
    endsAt: seconds + 3_600,
    facts: {
      ...{ issuer: ISSUER, issuedAt: epochSeconds(seconds - 60), expiresAt: epochSeconds(seconds + 3_600) },
      ...{ cutoffTime: epochSeconds(seconds - 60), jti: `jti-${at}`, sid: `sid-${at}`, sub: `user-${at % 1_000}` },
      ...{ clientId: 'app', deviceId: `device-${at}`, signingInputHash: () => '' },
    },
  }));
  const source = createIndex({ hashKey: new Uint8Array(16) });
  const verifier = { recent: () => ({ tokens, atLeast: false }) };
  const find = (facts) => source.find(facts, Date.now(), 'iat');
  const ask = (key) => {
    const revocation = { id: 'p', issuer: ISSUER, key, effect: { kind: 'suspended' }, retainUntil: 'lifted' };
    const question = { id: 'q', time: now, windowMs: 600_000, revocations: [revocation] };
    const times = [];
    const steps = countLiveTokens(question, { source: { find }, clock: { wall: () => Date.now() }, verifier });
    let step;
    do {
      times.push(timed(() => (step = steps.next())));
    } while (step.done !== true);
    return { times, count: step.value };
  };
  for (const [what, key] of [
    ['one user', { scope: 'subject', sub: 'user-7' }],
    ['the issuer', { scope: 'issuer' }],
  ]) {
    const runs = Array.from({ length: 9 }, () => ask(key));
    const total = median(runs.map(({ times }) => times.reduce((sum, ms) => sum + ms, 0)));
    say(`ms of a question about ${what}, ${TOKENS} tokens`, total.toFixed(1));
    say('ms of its first step, and of the longest of the others', firstAndLongest(runs));
    say(`tokens found`, runs[0].count.tokens);
  }
}

const firstAndLongest = (runs) =>
  [([first]) => first, ([, ...others]) => Math.max(...others)]
    .map((pick) => median(runs.map(({ times }) => pick(times))).toFixed(2))
    .join(', ');
