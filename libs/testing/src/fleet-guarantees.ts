import { type Claim, type Observation } from './history.js';
import { type Guarantee, judgeEach, type Moment } from './judge.js';

/** Whether the truth is that this node enforces what it knows: it asks, refuses what nobody can say, and reads tokens as declared. */
const enforces = ({ guarded, mode, covers }: Observation): boolean => guarded && covers && mode === 'strict';

/** While the log lacks the record no node can know of it: what is said of it then, or was before, is void. */
const isBinding = (id: string, { bindingSince }: Moment): boolean => bindingSince(id) !== undefined;

/**
 * After `enforced` was said, no counted node accepts a token that the revocation hits in a request that begins later; nor
 * does one that was not counted although it should have been; and who is said to have applied it has.
 */
export const enforced: Guarantee = (history) => {
  const claims = new Map<string, Claim>();
  const lastSeen = new Map<string, Observation>();
  return judgeEach(history, (entry, moment) => {
    if (entry.kind === 'lost' && !isBinding(entry.id, moment)) claims.delete(entry.id);
    if (entry.kind === 'claimed' && isBinding(entry.id, moment)) {
      if (!claims.has(entry.id)) claims.set(entry.id, entry);
      return boasts(entry, lastSeen);
    }
    if (entry.kind !== 'observed') return undefined;
    lastSeen.set(entry.node, entry);
    for (const id of entry.passes) {
      const claim = claims.get(id);
      if (claim === undefined || !isBinding(id, moment)) continue;
      if (!enforces(entry) && !claim.counted.has(entry.node)) continue;
      return `${entry.node} accepted what ${id} revokes ${entry.at - claim.at} ms after ${claim.service} called it enforced`;
    }
    return undefined;
  });
};

/** Whoever is said to have applied it has: everybody was looked at in the same moment. */
const boasts = (claim: Claim, lastSeen: ReadonlyMap<string, Observation>): string | undefined => {
  for (const node of claim.applied) {
    const seen = lastSeen.get(node);
    if (seen?.at === claim.at && !seen.found.has(claim.id)) {
      return `${claim.service} said that ${node} has applied ${claim.id}, and it has not`;
    }
  }
  return undefined;
};

/** What nobody of ours signed changes nothing. */
export const onlyOurs: Guarantee = (history) => {
  const forged = new Set<string>();
  return judgeEach(history, (entry) => {
    if (entry.kind === 'forged') forged.add(entry.id);
    if (entry.kind === 'noticed' && forged.has(entry.id)) return `${entry.node} told of ${entry.id}, which is forged`;
    if (entry.kind !== 'observed' || forged.size === 0) return undefined;
    const believed = [...forged].find((id) => entry.found.has(id));
    return believed && `${entry.node} believes ${believed}, which is forged`;
  });
};
