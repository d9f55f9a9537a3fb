import {
  createFollower,
  decide,
  type FeedRecord,
  type Follower,
  type FollowerNotice,
  type FollowerOptions,
  type TokenFacts,
  type Verdict,
} from '@revocast/core';
import { AN_ISSUER, anIssuer, aRevocation, epochOpenedBody, revokedBody, someFacts } from './builders.js';
import { InMemoryBroker, type InMemoryFeed } from './in-memory-feed.js';
import { ManualTime } from './manual-time.js';

/** The staleness bound of a scene's follower, unless a test chooses another. Milliseconds. */
export const SCENE_BOUND_MS = 10_000;

/** One follower, its broker and their time. */
export interface FollowerScene {
  readonly time: ManualTime;
  readonly broker: InMemoryBroker;
  readonly feed: InMemoryFeed;
  readonly follower: Follower;
  /** Everything that the follower told its listeners. */
  readonly notices: readonly FollowerNotice[];
}

/** A broker without a log, and a follower that is not started. */
export const aScene = (options: Partial<FollowerOptions> = {}): FollowerScene => {
  const time = new ManualTime();
  const broker = new InMemoryBroker({ schedule: time.schedule, now: () => time.wall() });
  const feed = broker.createFeed();
  const follower = createFollower({
    feed,
    clock: time,
    schedule: time.schedule,
    prng: () => 0.5,
    issuers: [anIssuer()],
    stalenessMsMax: SCENE_BOUND_MS,
    ...options,
  });
  const notices: FollowerNotice[] = [];
  follower.on((notice) => notices.push(notice));
  return { time, broker, feed, follower, notices };
};

/** Makes a log and the record by which it counts. */
export const openEpoch = ({ broker }: FollowerScene, epoch = 'epoch-1'): void => {
  broker.createLog(epoch);
  broker.publish(epochOpenedBody());
};

export const untilCurrent = ({ time, follower }: FollowerScene): Promise<void> =>
  time.until(() => follower.status().state === 'current');

export const aCurrentScene = async (options: Partial<FollowerOptions> = {}): Promise<FollowerScene> => {
  const scene = aScene(options);
  openEpoch(scene);
  scene.follower.start();
  await untilCurrent(scene);
  return scene;
};

/** Revokes a token that nothing else hits. */
export const revoke = ({ broker }: Pick<FollowerScene, 'broker'>, jti: string, issuer = AN_ISSUER): FeedRecord =>
  broker.publish(revokedBody(aRevocation({ issuer, key: { scope: 'token', jti } })));

export const tokenOf = (jti: string, issuer = AN_ISSUER): TokenFacts => someFacts({ jti, issuer });

/** What the follower says of the token now. */
export const verdictOn = ({ follower }: FollowerScene, jti: string, issuer = AN_ISSUER): Verdict =>
  decide(follower, tokenOf(jti, issuer), SCENE_BOUND_MS);
