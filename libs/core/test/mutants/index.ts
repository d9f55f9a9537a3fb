import { FLEET_MUTANTS } from './fleet-mutants.js';
import { FOLLOWER_MUTANTS } from './follower-mutants.js';
import { SNAPSHOT_MUTANTS } from './snapshot-mutants.js';
import { type Mutant } from './mutant.js';

export { type Mutant, withMutant } from './mutant.js';

/** Everything that the simulation must notice. */
export const MUTANTS: readonly Mutant[] = [...FOLLOWER_MUTANTS, ...SNAPSHOT_MUTANTS, ...FLEET_MUTANTS];
