import { FRESHNESS, LIVE, STARTS } from './following-cases.js';
import { LOGS } from './following-logs.js';
import { OTHER_ISSUER, type Script } from './following-script.js';
import { FollowingWorld, type NamedToken, START_MS } from './following-world.js';
import { ISSUER, KEYS, NAMESPACE } from './signing.js';

const tokenOf = (name: string): NamedToken => ({
  issuer: name.startsWith('other-') ? OTHER_ISSUER : ISSUER,
  jti: name,
  cutoffTime: START_MS / 1000 - 60,
});

const namesIn = ({ steps }: Script): readonly string[] =>
  steps.flatMap((step) => (step.do === 'look' ? step.tokens : []));

/** Those of docs/protocol.md, "Following, by example": what happens to a node, and what is seen of it. */
export const followingVectors = async (): Promise<unknown> => {
  const scripts = Object.entries({ ...STARTS, ...LIVE, ...FRESHNESS, ...LOGS });
  const names = [...new Set(scripts.flatMap(([, script]) => namesIn(script)))].sort();
  const tokens = Object.fromEntries(names.map((name) => [name, tokenOf(name)]));
  const cases: unknown[] = [];
  for (const [about, { steps, boundMs: stalenessMsMax, issuers }] of scripts) {
    const seen = [...(await new FollowingWorld({ stalenessMsMax, issuers, tokens }).play(steps))];
    const told = steps.map((step) => {
      if (step.do !== 'look') return step;
      const { atMs, do: doing } = step;
      return { atMs, do: doing, seen: seen.shift() };
    });
    cases.push({ about, stalenessMsMax, issuers, steps: told });
  }
  return { keys: KEYS, namespace: NAMESPACE, startMs: START_MS, tokens, cases };
};
