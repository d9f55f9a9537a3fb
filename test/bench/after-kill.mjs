// What counting refusals and asking for live tokens costs a node, and what the counts of a large fleet cost the service.
//   npm run bench:after-kill
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMs } from '@revocast/core';
import { RefusalLedger } from '../../apps/revocation-service/src/fleet/refusal-ledger.ts';
import { openJournal } from '../../apps/revocation-service/src/journal/journal.ts';
import { insertRevocation } from '../../apps/revocation-service/src/journal/revocations.ts';
import { asking } from '../../libs/gate/test/live-tokens-bench.mjs';
import { sizes } from '../../libs/jetstream/test/message-size-bench.mjs';
import { noting } from '../../libs/node/test/refusal-bench.mjs';
import { idOf, say, median, timed } from './measuring.mjs';
import { systemClock, systemSchedule } from '../../apps/revocation-service/src/system.ts';

const ISSUER = 'https://issuer.example';

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
