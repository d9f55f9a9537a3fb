// npm run fault: breaks a real broker, service and nodes in every way of the table, and says what was lost.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildApps } from './app-process.js';
import { FAULTS } from './faults.js';
import { mutantOf, MUTANTS } from './mutants.js';
import { type Fault, playRound } from './round.js';
import { type Outcome, hasFailed, renderTable, renderPage } from './table.js';

const BOUND_MS = 2_000;
const PAGE = join(import.meta.dirname, '../../docs/faults.md');

const usage = `npm run fault [-- NAME... --rounds N --bound MS --mutant NAME --json --write-docs]
  NAME          which faults, default all:
${FAULTS.map(({ name, says }) => `    ${name.padEnd(20)} ${says}`).join('\n')}
  --rounds N    so often each, everything built anew (default 1)
  --bound MS    staleness bound of all nodes (default ${BOUND_MS})
  --mutant NAME one more node, broken on purpose, which must be caught:
${MUTANTS.map(({ name, says, shownBy }) => `    ${name.padEnd(20)} ${says} (${shownBy})`).join('\n')}
  --json        one JSON line for each round
  --write-docs  writes docs/faults.md; only when all faults are played`;

const readWishes = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '1' },
      bound: { type: 'string', default: String(BOUND_MS) },
      mutant: { type: 'string' },
      json: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [rounds, boundMs] = [Number(values.rounds), Number(values.bound)];
  if (!(Number.isSafeInteger(rounds) && rounds > 0)) throw new Error('--rounds takes a whole number above 0');
  if (!(Number.isSafeInteger(boundMs) && boundMs >= 1_000)) throw new Error('--bound takes at least 1000 ms');
  const unknown = positionals.filter((name) => !FAULTS.some((fault) => fault.name === name));
  if (unknown.length > 0) throw new Error(`no such fault: ${unknown.join(', ')}`);
  if (values['write-docs'] && positionals.length > 0) throw new Error('--write-docs needs all faults: name none');
  const faults = FAULTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const mutant = values.mutant === undefined ? undefined : mutantOf(values.mutant);
  return { faults, rounds, boundMs, mutant, json: values.json, writeDocs: values['write-docs'], help: values.help };
};
type Wishes = ReturnType<typeof readWishes>;

const playFault = async (fault: Fault, { rounds, boundMs, mutant, json }: Wishes): Promise<Outcome> => {
  const impossible = await fault.impossible?.();
  if (impossible !== undefined) {
    console.error(`${fault.name}: not played, ${impossible}`);
    return { fault, reports: [], impossible };
  }
  const reports = [];
  for (let round = 1; round <= rounds; round++) {
    const report = await playRound(fault, { boundMs, mutant });
    reports.push(report);
    if (json) console.log(JSON.stringify(report));
    else
      console.error(
        `${fault.name}: ${report.problems.length === 0 ? 'kept' : report.problems.slice(0, 5).join('\n  ')}`,
      );
  }
  return { fault, reports };
};

const run = async (): Promise<number> => {
  const wishes = readWishes();
  if (wishes.help) {
    console.log(usage);
    return 0;
  }
  await buildApps();
  const outcomes: Outcome[] = [];
  for (const fault of wishes.faults) outcomes.push(await playFault(fault, wishes));
  if (!wishes.json) console.log(renderTable(outcomes));
  if (wishes.writeDocs) await writeFile(PAGE, await renderPage(outcomes, wishes.boundMs));
  return outcomes.some(hasFailed) ? 1 : 0;
};

try {
  // What is left open belongs to rounds that are over.
  process.exit(await run());
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exit(64);
}
