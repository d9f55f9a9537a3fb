import { type Mode } from '@revocast/core';
import { STRICTNESS, type RoutePolicy } from '@revocast/gate';

/** What a policy is measured against. */
export interface PolicyBase {
  readonly mode: Mode;
  readonly stalenessMsMax: number;
}

/**
 * What is wrong with a route's policy, for a start-up that fails instead of a bound that silently does not count. It can only
 * tighten: the proof of enforcement rests on the node's own bound and mode.
 */
export function policyProblems(where: string, policy: RoutePolicy, base: PolicyBase): readonly string[] {
  const { mode, stalenessMsMax } = policy;
  const problems: string[] = [];
  if (stalenessMsMax !== undefined) problems.push(...boundProblems(where, stalenessMsMax, base));
  if (mode !== undefined && !Object.hasOwn(STRICTNESS, mode)) {
    problems.push(`${where}: mode is one of ${Object.keys(STRICTNESS).join(', ')}`);
  } else if (mode !== undefined && STRICTNESS[mode] < STRICTNESS[base.mode]) {
    problems.push(`${where}: ${mode} is weaker than the node's ${base.mode}; a policy can only tighten`);
  }
  return problems;
}

function boundProblems(where: string, stalenessMsMax: number, base: PolicyBase): readonly string[] {
  if (!Number.isSafeInteger(stalenessMsMax) || stalenessMsMax <= 0) {
    return [`${where}: stalenessMsMax is whole milliseconds above 0`];
  }
  return stalenessMsMax > base.stalenessMsMax
    ? [`${where}: ${stalenessMsMax} ms is above the node's ${base.stalenessMsMax} ms; a policy can only tighten`]
    : [];
}

/** What holds where several policies apply: of each part the strictest. */
export function tightestPolicy(...policies: readonly (RoutePolicy | undefined)[]): RoutePolicy | undefined {
  const bounds = policies.flatMap((policy) => policy?.stalenessMsMax ?? []);
  const modes = policies.flatMap((policy) => policy?.mode ?? []);
  if (bounds.length === 0 && modes.length === 0) return undefined;
  const mode = modes.reduce<Mode | undefined>((a, b) => (a && STRICTNESS[a] >= STRICTNESS[b] ? a : b), undefined);
  return { ...(bounds.length > 0 && { stalenessMsMax: Math.min(...bounds) }), ...(mode !== undefined && { mode }) };
}
