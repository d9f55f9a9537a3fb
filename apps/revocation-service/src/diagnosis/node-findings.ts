import { type NodeView } from '@revocast/core';
import { type ClockReading, clockFinding } from './clock-finding.js';
import { finding, type Finding, named } from './finding.js';

export interface NodesSeen {
  readonly nodes: readonly NodeView[];
  /** Service -> how many nodes it lacks. */
  readonly missing: Readonly<Record<string, number>>;
  /** Issuer -> digest of its settings at the service. */
  readonly digests: ReadonlyMap<string, string>;
  readonly clocks: readonly ClockReading[];
}

const nameOf = ({ service, node }: NodeView): string => `${service}/${node}`;

/** The fleet: who is missing, who enforces less, and what differs. */
export function nodeFindings({ nodes, missing, digests, clocks }: NodesSeen): readonly Finding[] {
  const heard = nodes.filter(({ state }) => state !== 'gone' && state !== 'presumedGone' && state !== 'silent');
  const which = (is: (node: NodeView) => boolean): readonly string[] => heard.filter(is).map(nameOf);
  const lacks = Object.entries(missing).flatMap(([service, count]) => (count > 0 ? [`${count} of ${service}`] : []));
  return [
    heard.length > 0
      ? finding('nodes.heard', 'ok', `${heard.length} nodes are heard.`)
      : finding(
          'nodes.heard',
          'failure',
          'No node is heard: nobody enforces anything.',
          'Start nodes, and look at their rights on <namespace>.node.',
        ),
    ...problem(
      'nodes.missing',
      'failure',
      'Expected nodes are missing',
      lacks,
      'Start them, or correct REVOCAST_EXPECTED.',
    ),
    ...problem(
      'nodes.silent',
      'warning',
      'Not heard for 3 s and more',
      nodes.filter(({ state }) => state === 'silent' || state === 'presumedGone').map(nameOf),
      'Look at them; POST /v1/nodes/forget once you know that one is dead.',
    ),
    ...problem(
      'nodes.notCurrent',
      'warning',
      'Do not follow the log up to its head',
      which(({ state, followerState }) => state === 'lagging' || followerState !== 'current'),
      'revocast nodes shows the state of each.',
    ),
    ...problem(
      'nodes.unguarded',
      'failure',
      'Have the library and no guard in use, so they enforce nothing',
      which(({ guarded }) => !guarded),
      'Put the guard before their routes.',
    ),
    ...problem(
      'nodes.weakerMode',
      'warning',
      'Enforce less than strict',
      heard.filter(({ mode }) => mode !== 'strict').map((node) => `${nameOf(node)} (${node.mode})`),
      'Set REVOCAST_MODE=strict once you have seen enough; until then no kill is enforced on them.',
    ),
    ...problem(
      'nodes.localFile',
      'warning',
      'A local file overrides them, or is broken',
      which(({ localFile }) => localFile !== undefined && (localFile.broken || localFile.modeOverride !== undefined)),
      'docs/local-file.md says how to end it.',
    ),
    ...problem(
      'nodes.settings',
      'failure',
      'Have other settings of an issuer than the service, and are not counted',
      which(({ issuers }) =>
        issuers.some(({ issuer, settingsDigest }) => (digests.get(issuer) ?? settingsDigest) !== settingsDigest),
      ),
      'Give them the same REVOCAST_ISSUERS as the service.',
    ),
    ...withinServices(heard),
    ...(clocks.length > 0 ? [clockFinding('clocks.nodes', clocks)] : []),
  ];
}

const problem = (
  code: string,
  level: 'warning' | 'failure',
  what: string,
  names: readonly string[],
  todo: string,
): readonly Finding[] => (names.length === 0 ? [] : [finding(code, level, `${what}: ${named(names)}.`, todo)]);

/** What nodes of one service should have in common. Between services a bound or an issuer may differ on purpose. */
function withinServices(nodes: readonly NodeView[]): readonly Finding[] {
  const services = new Map<string, NodeView[]>();
  for (const node of nodes) services.set(node.service, [...(services.get(node.service) ?? []), node]);
  const differing = [...services].flatMap(([service, own]) => {
    const what = Object.entries(COMMON).filter(([, of]) => new Set(own.map(of)).size > 1);
    return what.length === 0 ? [] : [`${service} (${what.map(([name]) => name).join(', ')})`];
  });
  return problem(
    'nodes.differ',
    'warning',
    'Nodes of one service differ',
    differing,
    'Finish the roll-out, or give all of them the same settings.',
  );
}

const COMMON: Readonly<Record<string, (node: NodeView) => unknown>> = {
  version: ({ version }) => version,
  mode: ({ mode }) => mode,
  'staleness bound': ({ stalenessMsMax }) => stalenessMsMax,
  issuers: ({ issuers }) =>
    issuers
      .map(({ issuer, settingsDigest }) => JSON.stringify([issuer, settingsDigest]))
      .sort()
      .join(),
};
