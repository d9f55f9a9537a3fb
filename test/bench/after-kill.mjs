// What counting refusals and asking for live tokens costs a node, and what the counts of a large fleet cost the service.
//   npm run bench:after-kill
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIndex, epochMs, epochSeconds, LIVE_TOKEN_MARKS_MAX } from '@revocast/core';
import { countLiveTokens } from '../../libs/gate/src/live-tokens.ts';
import { encodeAnswer } from '../../libs/jetstream/src/question-codec.ts';
import { encodeRefusalReport } from '../../libs/jetstream/src/refusal-codec.ts';
import { RefusalCounts } from '../../libs/node/src/refusal-counts.ts';
import { RefusalLedger } from '../../apps/revocation-service/src/fleet/refusal-ledger.ts';
import { openJournal } from '../../apps/revocation-service/src/journal/journal.ts';
import { insertRevocation } from '../../apps/revocation-service/src/journal/revocations.ts';
import { systemClock, systemSchedule } from '../../apps/revocation-service/src/system.ts';

const ISSUER = 'https://issuer.example';
const TOKENS = 20_000;
const idOf = (at) => at.toString(16).padStart(32, '0');
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const timed = (work) => {
  const began = performance.now();
  work();
  return performance.now() - began;
};
const say = (what, value) => console.log(`${what.padEnd(64)} ${value}`);

function noting() {
  const counts = new RefusalCounts();
  const now = systemClock.wall();
  const ids = Array.from({ length: 64 }, (_, at) => idOf(at));
  const all = () => {
    for (let turn = 0; turn < 5_000; turn++) for (const id of ids) counts.note(id, now);
  };
  const round = () => timed(all) / 320_000;
  say('ns to count one refusal of a known revocation', Math.round(median(Array.from({ length: 9 }, round)) * 1e6));
}

function asking() {
  const now = systemClock.wall();
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
  const find = (facts) => source.find(facts, systemClock.wall(), 'iat');
  const ask = (key) => {
    const revocation = { id: 'p', issuer: ISSUER, key, effect: { kind: 'suspended' }, retainUntil: 'lifted' };
    const question = { id: 'q', time: now, windowMs: 600_000, revocations: [revocation] };
    const times = [];
    const steps = countLiveTokens(question, { source: { find }, clock: systemClock, verifier });
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

function sizes() {
  const from = { service: 'payments', instance: '01234567-89ab-cdef-0123-456789abcdef' };
  const count = (at) => ({ id: idOf(at), run: 1_000 + at, refused: 1_234, lastAt: systemClock.wall() });
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

function adding() {
  const directory = mkdtempSync(join(tmpdir(), 'revocast-bench-'));
  const database = openJournal(directory);
  const now = systemClock.wall();
  const entry = {
    id: idOf(1),
    commandId: idOf(1),
    commandDigest: '',
    issuer: ISSUER,
    moot: false,
    actor: 'bench',
    supersedes: [],
  };
  const rest = {
    key: { scope: 'subject', sub: 'a' },
    effect: { kind: 'suspended' },
    retainUntil: 'lifted',
    acceptedAt: now,
  };
  insertRevocation(database, { ...entry, ...rest, reason: undefined }, { origin: 'command', recordId: undefined });
  const ledger = new RefusalLedger({ database, clock: systemClock, schedule: systemSchedule });
  const NODES = 10_000;
  const round = (refused) =>
    timed(() => {
      for (let node = 0; node < NODES; node++) {
        const counts = [{ id: idOf(1), run: 1, refused, lastAt: epochMs(now) }];
        ledger.heard({ service: `service-${node % 40}`, instance: `i-${node}`, counts, dropped: 0 });
      }
      ledger.store();
    });
  say(`ms to take and store first reports of ${NODES} nodes`, Math.round(round(1)));
  say(`ms for their next reports`, Math.round(median([2, 3, 4].map(round))));
  let refused = 0;
  say(
    `ms to add up one revocation that ${NODES} nodes refused`,
    timed(() => (refused = ledger.of(idOf(1)).refused)).toFixed(1),
  );
  if (refused !== 4 * NODES) throw new Error(`${refused} were added up`);
  ledger.close();
  database.close();
  rmSync(directory, { recursive: true });
}

noting();
asking();
sizes();
adding();
