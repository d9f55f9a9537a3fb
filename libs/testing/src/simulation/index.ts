export { describeRun } from './describe-run.js';
export { type Dice, seededDice } from './dice.js';
export { type Happening, HAPPENING_NAMES, type HappeningName } from './happenings.js';
export { type Journal } from './journal.js';
export { type Broken, judgeRun, playSchedule, type RunSchedule, scheduleOf, STEPS_DEFAULT } from './schedule.js';
export { shrink } from './shrink.js';
export { type NodePlan } from './simulated-node.js';
export { SimulatedWorld, type WorldAlterations, type WorldSetup } from './simulated-world.js';
