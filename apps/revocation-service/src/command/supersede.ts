import {
  type Condition,
  ENTRIES_PER_KEY_MAX,
  type Effect,
  type EpochMs,
  type EpochSeconds,
  epochSeconds,
  RevocationError,
} from '@revocast/core';

type Retention = EpochSeconds | 'lifted';

/** One live entry of a key, as far as its reach goes. */
export interface LiveEntry {
  readonly id: string;
  readonly effect: Effect;
  readonly retainUntil: Retention;
  readonly condition?: Condition;
  /** Its condition counts no more. */
  readonly conditionEndedAt?: EpochMs;
}

/** What the new entry replaces, and the retention that it needs in order to do so. */
export interface Supersession {
  readonly supersedes: readonly string[];
  readonly retainUntil: Retention;
}

/**
 * Which live entries of the key a new one replaces: none while there is room, else all whose tokens it hits as well.
 * It is then kept as long as the longest of them. They count again when it is lifted.
 *
 * Throws ERR_CAPACITY when there is no room and it covers none: then the entries of this key already hit all that it would hit.
 */
export function supersession(entry: Omit<LiveEntry, 'id'>, live: readonly LiveEntry[]): Supersession {
  if (live.length < ENTRIES_PER_KEY_MAX) return { supersedes: [], retainUntil: entry.retainUntil };
  const covered = live.filter((other) => covers(entry.effect, other.effect) && sparesNoMore(entry, other));
  if (covered.length === 0) {
    throw new RevocationError(
      'ERR_CAPACITY',
      entry.condition === undefined
        ? `${ENTRIES_PER_KEY_MAX} live revocations of this key already hit all that this one would hit: lift some of them first.`
        : `There are ${ENTRIES_PER_KEY_MAX} live revocations of this key, and one with a condition replaces none that hits more: lift some of them first.`,
    );
  }
  return {
    supersedes: covered.map((other) => other.id),
    retainUntil: covered.map((other) => other.retainUntil).reduce(longer, entry.retainUntil),
  };
}

/** Whether the condition of `wider`, if it has one, spares nobody whom `narrower` hits. */
function sparesNoMore({ condition }: Omit<LiveEntry, 'id'>, { conditionEndedAt, ...narrower }: LiveEntry): boolean {
  if (condition === undefined) return true;
  const other = conditionEndedAt === undefined ? narrower.condition : undefined;
  if (other === undefined || !('exceptClients' in condition && 'exceptClients' in other)) return false;
  return condition.exceptClients.every((client) => other.exceptClients.includes(client));
}

/** Whether `wider` hits every token that `narrower` hits, as long as both are kept. */
function covers(wider: Effect, narrower: Effect): boolean {
  switch (wider.kind) {
    case 'suspended':
      return true;
    case 'always':
      return narrower.kind !== 'suspended';
    case 'issuedBefore':
      return narrower.kind === 'issuedBefore' && wider.issuedBefore >= narrower.issuedBefore;
  }
}

const longer = (a: Retention, b: Retention): Retention =>
  a === 'lifted' || b === 'lifted' ? 'lifted' : epochSeconds(Math.max(a, b));
