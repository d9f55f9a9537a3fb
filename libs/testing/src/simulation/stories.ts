import { type HappeningName, THE_LATEST } from './happenings.js';
import { type WorldSetup } from './simulated-world.js';

/** What happens, how long it then takes at least (milliseconds), and to whom, if not to the one of the story. */
export type StoryStep = readonly [HappeningName, number, number?];
type Bound = Pick<WorldSetup, 'fleetBoundMs'>;
type Story = (setup: Bound) => readonly StoryStep[];

/** Longer than any proof lasts, and than anybody must listen. */
const longAfter = ({ fleetBoundMs }: Bound): number => fleetBoundMs + 1_200;

const ALL: readonly Story[] = [
  // A node comes and is gone while the service is deaf.
  (): readonly StoryStep[] => [
    ['cutService', 50],
    ['join', 700],
    ['cutNode', 0, THE_LATEST],
    ['reconnectService', 20],
    ['revoke', 300],
  ],
  // The same while the service is down.
  (): readonly StoryStep[] => [
    ['killService', 0],
    ['join', 700],
    ['cutNode', 0, THE_LATEST],
    ['startService', 100],
    ['revoke', 500],
  ],
  // Heartbeats of a node are lost for long, and then the feed of that node.
  (setup: Bound): readonly StoryStep[] => [
    ['muteNode', longAfter(setup)],
    ['silentFeed', 0],
    ['revoke', 200],
  ],
  // And another process takes its name.
  (setup: Bound): readonly StoryStep[] => [
    ['muteNode', longAfter(setup)],
    ['twin', 800],
    ['silentFeed', 0],
    ['revoke', 200],
  ],
  // A node hears answers when they are no longer true.
  (setup: Bound): readonly StoryStep[] => [
    ['lateAnswers', 2_000],
    ['revoke', 600],
    ['revoke', 600],
    ['revoke', 600],
    ['revoke', longAfter(setup)],
  ],
  // A lift overtakes what it lifts.
  (): readonly StoryStep[] => [
    ['badFeed', 100],
    ['revoke', 5],
    ['lift', 600],
  ],
  // The service starts again right after it was told, with another clock.
  (): readonly StoryStep[] => [
    ['cutNode', 0],
    ['revoke', 50],
    ['stepService', 0],
    ['restartService', 700],
  ],
  // Somebody else fills up what the log lost, and the next record of the service covers it.
  (): readonly StoryStep[] => [
    ['burst', 300],
    ['rollBack', 0],
    ['forge', 0],
    ['forge', 0],
    ['revoke', 300],
  ],
];

/** What is seldom met by chance: each time somebody holds a proof and not the record, and hardly anybody knows. */
export const STORIES: readonly Story[] = ALL;

/** The same about snapshots: a node starts from one that is not, or not all of, what the log is now. */
export const SNAPSHOT_STORIES: readonly Story[] = [
  // Records come while it is read.
  (): readonly StoryStep[] => [
    ['burst', 300],
    ['takeSnapshot', 1_600],
    ['lateFeed', 0],
    ['restartNode', 4_000],
    ['burst', 2_000],
    ['burst', 2_000],
    ['burst', 6_000],
  ],
  // The log loses what it covers, and grows again.
  (): readonly StoryStep[] => [
    ['burst', 300],
    ['takeSnapshot', 1_600],
    ['rollBack', 0],
    ['burst', 0],
    ['restartNode', 3_000],
  ],
  // It is of an epoch that is over.
  (): readonly StoryStep[] => [
    ['burst', 300],
    ['takeSnapshot', 1_600],
    ['misfileSnapshots', 0],
    ['burst', 0],
    ['burst', 300],
    ['wipeLog', 4_500],
    ['burst', 0],
    ['burst', 300],
    ['restartNode', 3_000],
  ],
  // It is damaged.
  (): readonly StoryStep[] => [
    ['burst', 300],
    ['takeSnapshot', 1_600],
    ['corruptSnapshot', 0],
    ['restartNode', 3_000],
  ],
];
