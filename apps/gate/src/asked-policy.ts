import { RevocationError, type Mode } from '@revocast/core';
import { type RoutePolicy } from '@revocast/gate';
import { policyProblems, type PolicyBase } from '@revocast/node';

/** A tighter bound makes the node ask for the head five times as often, so a caller may not ask for just anything. */
const STALENESS_MS_MIN = 1_000;

/** A policy as a proxy's configuration or the body of a check names it. Throws ERR_CONFIG for one that is none. */
export function askedPolicy(stalenessMsMax: unknown, mode: unknown, base: PolicyBase): RoutePolicy | undefined {
  if (stalenessMsMax === undefined && mode === undefined) return undefined;
  const policy: RoutePolicy = {
    ...(stalenessMsMax !== undefined && { stalenessMsMax: numberOf(stalenessMsMax) }),
    ...(mode !== undefined && { mode: mode as Mode }),
  };
  const problems = [...policyProblems('policy', policy, base)];
  if ((policy.stalenessMsMax ?? STALENESS_MS_MIN) < STALENESS_MS_MIN) {
    problems.push(`policy: stalenessMsMax is at least ${STALENESS_MS_MIN}`);
  }
  if (problems.length > 0) throw new RevocationError('ERR_CONFIG', problems.join('; '));
  return policy;
}

const numberOf = (value: unknown): number =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : typeof value === 'number' ? value : Number.NaN;
