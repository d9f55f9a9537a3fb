import { type Condition, keyOf } from '@revocast/core';
import { type JournaledRevocation } from '../journal/entries.js';
import { type CommandInput } from './command-schema.js';
import { type PlannedRevocation } from './plan.js';

/**
 * Whether what another instance accepted is what this command says. The command itself did not travel: its keys and kinds
 * of effect are compared, and a cut-off only where the command names it literally, since any other was fixed when it was accepted.
 */
export function saysTheSame(
  planned: readonly PlannedRevocation[],
  known: readonly JournaledRevocation[],
  command: CommandInput,
): boolean {
  const isLiteral = 'issuedBefore' in command && command.issuedBefore !== undefined;
  const sayingOf = ({ issuer, key, effect, condition }: PlannedRevocation): string =>
    JSON.stringify([
      keyOf(issuer, key),
      effect.kind,
      effect.kind === 'issuedBefore' && isLiteral ? effect.issuedBefore : null,
      condition === undefined ? null : lasting(condition),
    ]);
  const planSays = new Set(planned.map(sayingOf));
  return known.every((entry) => planSays.has(sayingOf(entry)));
}

/** Waves begin when they are accepted: only how long they take was said. */
const lasting = (condition: Condition): unknown =>
  'spread' in condition ? condition.spread.until - condition.spread.from : condition.exceptClients;
