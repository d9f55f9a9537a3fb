import { GUARANTEES } from '@revocast/testing';
import { type Broker, startCluster, startLeafRegion, startSingle } from './brokers.js';
import { type RoundHistory } from './history.js';
import { type Mutant } from './mutants.js';
import { Stage } from './stage.js';
import { type Revoke } from './writer.js';

export interface Fault {
  readonly name: string;
  /** One line for people: what is done, and how it ends. */
  readonly says: string;
  readonly broker: 'single' | 'cluster' | 'leaf';
  /** What must be in place before; nothing is harmed yet. */
  prepare?(stage: Stage): Promise<void>;
  /** Does the harm, lets it last, and takes it back. What it leaves broken is its fault. */
  play(stage: Stage): Promise<void>;
  /** What no node can see, so that false accepts here are reported and are no failure; losses are. */
  readonly limit?: string;
  /** Why it cannot be played on this machine; undefined when it can. */
  impossible?(): Promise<string | undefined>;
  /** Default 3 and 1. */
  readonly followers?: number;
  readonly processes?: number;
}

export interface RoundOptions {
  /** The staleness bound of all nodes. Milliseconds. */
  readonly boundMs: number;
  readonly mutant?: Mutant | undefined;
  readonly revoke?: Revoke | undefined;
}

/** What a round found. */
export interface RoundReport {
  readonly fault: string;
  readonly acknowledged: number;
  /** Commands that got no answer before the round ended: nobody was told anything of them. */
  readonly unanswered: number;
  readonly checks: number;
  /** Acknowledged, and not refused by every node once all were current again: revocation and node. */
  readonly lost: number;
  /** Accepts after "enforced", or longer after the answer than the bound and a second. */
  readonly falseAccepts: number;
  /** From the first harm to the first node that said it does not know; undefined: none ever did. */
  readonly staleSaidMs?: number;
  /** From the end of the harm until all nodes were current again. */
  readonly currentAgainMs?: number;
  /** Sentences about everything that is wrong; none when all is well. */
  readonly problems: readonly string[];
}

const STARTS: Readonly<Record<Fault['broker'], () => Promise<Broker>>> = {
  single: startSingle,
  cluster: startCluster,
  leaf: startLeafRegion,
};

const CURRENT_MS_MAX = 90_000;

/** Builds everything anew, plays a fault while revocations go on, and judges what was seen. */
export const playRound = async (fault: Fault, { boundMs, mutant, revoke }: RoundOptions): Promise<RoundReport> => {
  const { followers = 3, processes = 1 } = fault;
  const broker = await STARTS[fault.broker]();
  const stage = await Stage.open({ broker, boundMs, followers, processes, mutant, revoke });
  try {
    return await playOn(stage, fault);
  } finally {
    await stage.close();
  }
};

const playOn = async (stage: Stage, fault: Fault): Promise<RoundReport> => {
  const { history, checker } = stage;
  await sweepAll(stage);
  await fault.prepare?.(stage);
  const harmedAt = history.now();
  await fault.play(stage);
  const healedAt = history.now();
  const late = await problemOf(() => stage.allCurrent(CURRENT_MS_MAX));
  const currentAgainMs = history.now() - healedAt;
  const { unanswered, problems } = await settle(stage);
  checker.stop();
  history.settle(history.now() - healedAt);
  const lost = await sweepAll(stage);
  const staleSaidMs = firstDoubt(history, harmedAt, healedAt);
  return {
    ...{ fault: fault.name, acknowledged: history.acknowledged.length, unanswered, lost: lost.length },
    ...{ checks: history.entries.filter(({ kind }) => kind === 'checked').length },
    ...judge(history, [...lost, ...late, ...problems]),
    ...(staleSaidMs === undefined ? {} : { staleSaidMs }),
    ...(late.length > 0 ? {} : { currentAgainMs }),
  };
};

/** Until nothing happens any more: then what is missing is lost. */
const settle = async (stage: Stage): Promise<{ readonly unanswered: number; readonly problems: readonly string[] }> => {
  const unanswered = await stage.writer.stop();
  // Whoever comes now knows only what the log tells.
  await stage.addNewcomer();
  // A proof that is younger than this includes everything that was acknowledged.
  await stage.last(stage.boundMs + 1_000);
  const late = await problemOf(() => stage.allCurrent(CURRENT_MS_MAX));
  return { unanswered, problems: late };
};

/** Every node for every revocation: who does not find which. */
const sweepAll = async (stage: Stage): Promise<readonly string[]> => {
  const missed: string[] = [];
  for (const node of stage.checker.nodes) {
    for (const id of await stage.checker.sweep(node)) missed.push(`${node.name} does not refuse ${id}`);
  }
  return missed;
};

/** A node that refuses everybody would lose nothing either. */
const wronglyRefused = ({ standings }: RoundHistory): readonly string[] =>
  standings
    .filter(({ kind }) => kind === 'revoked')
    .slice(0, 1)
    .map(({ node }) => `${node} refuses a token that nobody revoked`);

const firstDoubt = ({ standings }: RoundHistory, from: number, to: number): number | undefined => {
  const doubt = standings.find(({ at, kind }) => at >= from && at <= to && kind === 'unknown');
  return doubt && doubt.at - from;
};

type Judgement = Pick<RoundReport, 'falseAccepts' | 'problems'>;

/**
 * The validators that simulation uses too, over what was seen from outside; and "enforced", which only a real service says. That
 * every node comes back in time is not asked of a single moment: on a busy machine a tight bound runs out now and then.
 */
export const judge = (history: RoundHistory, others: readonly string[]): Judgement => {
  const { entries, afterEnforced } = history;
  const accepts = [...new Set([...GUARANTEES.honest(entries), ...GUARANTEES.sound(entries), ...afterEnforced])];
  const broken = [...GUARANTEES.neverForgets(entries), ...GUARANTEES.resumable(entries), ...wronglyRefused(history)];
  return { falseAccepts: accepts.length, problems: [...accepts, ...broken, ...others] };
};

const problemOf = async (wait: () => Promise<void>): Promise<readonly string[]> => {
  try {
    await wait();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : 'failed'];
  }
};
