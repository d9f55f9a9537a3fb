import { type Carrier, hasWaves, type JournaledRevocation } from '../journal/entries.js';

/** The record whose way to the nodes is that of a revocation. */
export interface ProvingRecord {
  readonly carrier: Carrier | undefined;
  /** Once every node has it, everybody is refused. */
  readonly proves: boolean;
}

/**
 * Of waves it is the record without them, once the broker has confirmed that: when a wave begins is a matter of each node's
 * clock, and a proof rests on none.
 */
export function provingRecord({ condition, conditionEndedAt, first, latest }: JournaledRevocation): ProvingRecord {
  if (!hasWaves(condition)) return { carrier: latest, proves: true };
  const isConfirmed = latest?.ackedAt !== undefined;
  return { carrier: isConfirmed ? latest : first, proves: conditionEndedAt !== undefined && isConfirmed };
}
