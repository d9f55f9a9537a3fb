import { cpus } from 'node:os';
import { format } from 'prettier';
import { ensureNatsServer } from '@revocast/testing/nats-launcher';
import { type Fault, type RoundReport } from './round.js';

/** All rounds of one fault. */
export interface Outcome {
  readonly fault: Fault;
  readonly reports: readonly RoundReport[];
  readonly impossible?: string;
}

/** A loss, a false accept or a node that does not come back; where no node can know better, a loss alone. */
export const hasFailed = ({ fault, reports }: Outcome): boolean =>
  fault.limit === undefined
    ? reports.some(({ problems }) => problems.length > 0)
    : reports.some(({ lost }) => lost > 0);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const seconds = (values: readonly (number | undefined)[]): string => {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? 'never' : `${(Math.max(...known) / 1_000).toFixed(1)} s`;
};

const HEAD = [
  '| fault | what is done | acknowledged | checks | lost | false accepts | stale said after | all current again after |',
  '| --- | --- | --- | --- | --- | --- | --- | --- |',
];

const rowOf = ({ fault, reports, impossible }: Outcome): string => {
  const name = `| \`${fault.name}\` | ${fault.says}`;
  if (impossible !== undefined) return `${name} | not played: ${impossible} | | | | | |`;
  const cells = [
    sum(reports.map(({ acknowledged }) => acknowledged)),
    sum(reports.map(({ checks }) => checks)),
    sum(reports.map(({ lost }) => lost)),
    sum(reports.map(({ falseAccepts }) => falseAccepts)),
    seconds(reports.map(({ staleSaidMs }) => staleSaidMs)),
    seconds(reports.map(({ currentAgainMs }) => currentAgainMs)),
  ];
  return `${name} | ${cells.join(' | ')} |`;
};

export const renderTable = (outcomes: readonly Outcome[]): string => [...HEAD, ...outcomes.map(rowOf)].join('\n');

/** The whole page: whatever stands in it was measured by the run that wrote it. */
export const renderPage = async (outcomes: readonly Outcome[], boundMs: number): Promise<string> => {
  const { version } = await ensureNatsServer({ log: () => undefined });
  const limits = outcomes.filter(({ fault }) => fault.limit !== undefined);
  const rounds = Math.max(...outcomes.map(({ reports }) => reports.length));
  const text = `# Faults on real servers

Written by \`npm run fault -- --write-docs\`; do not edit by hand. ${rounds === 1 ? 'One round' : `${rounds} rounds`} of each fault,
with a staleness bound of ${boundMs / 1_000} s on all nodes, nats-server ${version}, Node ${process.versions.node}, ${cpus().length} cores, on loopback.
Times are the longest of all rounds, on a machine that did other work too.

Each round builds everything anew: a real nats-server (or three, or three and a leaf), the service as a process with its
journal, followers over lines of their own, and a node as a process. A writer revokes without pause through the
HTTP API, half of the time waiting for "enforced", and repeats what got no answer under the same key. A checker asks every
node, all the time, for tokens of acknowledged revocations and for one that nobody revoked. In the end a node that knows nothing joins.

- **lost**: acknowledged, and not refused by every node (the one that joined last too) once all are current again.
- **false accepts**: a node called a token active that it had to refuse: "enforced" was answered before it was asked, or success
  was answered longer ago than the bound and one second, or the revocation is at or below the watermark it says it has.
- **stale said after**: from the first harm until a node first answered "unknown" for the token that nobody revoked, while the harm lasted.
- **all current again after**: from the end of the harm until every node accepts that token again.

${renderTable(outcomes)}

${limits.length === 0 ? '' : '## What is not guaranteed\n'}
${limits.map(({ fault }) => `- \`${fault.name}\`: ${fault.limit ?? ''}. Its false accepts are reported above, and fail no run.`).join('\n')}

## Whether the judges can fail

\`npm run fault -- delayed-feed --mutant dated-by-receipt\` adds a node that is broken on purpose and must end with a non-zero code;
\`npm run fault -- --help\` lists the faults and the mutants. \`test/fault/fault.e2e-spec.ts\` plays both in CI.
`;
  return format(text, { parser: 'markdown', printWidth: 120, proseWrap: 'preserve' });
};
