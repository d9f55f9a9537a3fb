import { type Json, listOf, member, plain } from './text.js';

/** Whether every node refuses: one that enforces nothing, or is missing, leaves it unproven. */
export const isEnforced = (revocation: Json): boolean =>
  revocation['state'] === 'noEffect' || member(revocation['propagation'], 'state') === 'enforced';

const named = (node: Json): string => `${plain(node['service'])}/${plain(node['node'])}`;

/** "enforced on 3 of 3", and which nodes are missing. */
export function proofText(propagation: unknown, state?: unknown): string {
  if (state === 'noEffect') return 'no effect: every token that it could hit has expired\n';
  if (member(propagation, 'state') === undefined) return 'not published yet\n';
  const of = (name: string): readonly Json[] => listOf(member(propagation, name));
  const enforced = member(propagation, 'state') === 'enforced' || member(propagation, 'state') === 'enforcedExcept';
  const counts = `${plain(member(propagation, 'applied'))} of ${plain(member(propagation, 'nodes'))}`;
  const lines = [
    enforced ? `enforced on ${counts}${closedText(of('silent'))}` : `applied on ${counts}, not enforced yet`,
    ...(member(propagation, 'state') === 'noNodes' ? ['no node is known that enforces anything'] : []),
    ...of('lagging').map((node) => `  missing: ${named(node)}, heard and not there yet`),
    ...(enforced ? [] : of('silent')).map(
      (node) => `  missing: ${named(node)}, silent, may accept until ${plain(node['openUntil'])}`,
    ),
    ...of('notCounted').map((node) => `  not counted: ${named(node)} (${plain(node['why'])})`),
    ...of('services')
      .filter((service) => Number(service['missing']) > 0)
      .map(
        (service) => `  missing: ${plain(service['missing'])} of the nodes expected of ${plain(service['service'])}`,
      ),
  ];
  const by = member(propagation, 'enforcedBy');
  if (by !== undefined) lines.push(`  enforced at the latest by ${plain(by)}`);
  return `${lines.join('\n')}\n`;
}

/** Silent nodes are part of a proof once their staleness bound has run out: they refuse, and never said so. */
const closedText = (silent: readonly Json[]): string =>
  silent.length === 0 ? '' : `; ${silent.map(named).join(', ')} silent, and closed since the staleness bound`;
