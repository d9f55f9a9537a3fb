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

const isAway = ({ state }: NodeView): boolean => state === 'silent' || state === 'presumedGone';

/** The fleet: who is missing, who enforces less, and what differs. */
export function nodeFindings({ nodes, missing, digests, clocks }: NodesSeen): readonly Finding[] {
  const heard = nodes.filter((node) => !isAway(node) && node.state !== 'gone');
  return [
    ...presence(heard, nodes.filter(isAway), missing),
    ...CHECKS.flatMap(({ code, level, what, is, todo }) => {
      const found = heard.filter((node) => is(node, digests));
      return problem(code, level, what, found.map(nameOf), todo);
    }),
    ...withinServices(heard),
    ...(clocks.length > 0 ? [clockFinding('clocks.nodes', clocks)] : []),
  ];
}

function presence(
  heard: readonly NodeView[],
  away: readonly NodeView[],
  missing: NodesSeen['missing'],
): readonly Finding[] {
  const lacks = Object.entries(missing).flatMap(([service, count]) => (count > 0 ? [`${count} of ${service}`] : []));
  const none = 'No node is heard: nobody enforces anything.';
  const forget = 'Look at them; POST /v1/nodes/forget once you know that one is dead.';
  return [
    heard.length > 0
      ? finding('nodes.heard', 'ok', `${heard.length} nodes are heard.`)
      : finding('nodes.heard', 'failure', none, 'Start nodes, and look at their rights on <namespace>.node.'),
    ...problem(
      'nodes.missing',
      'failure',
      'Expected nodes are missing',
      lacks,
      'Start them, or correct REVOCAST_EXPECTED.',
    ),
    ...problem('nodes.silent', 'warning', 'Not heard for 3 s and more', away.map(nameOf), forget),
  ];
}

interface Check {
  readonly code: string;
  readonly level: 'warning' | 'failure';
  readonly what: string;
  readonly is: (node: NodeView, digests: NodesSeen['digests']) => boolean;
  readonly todo: string;
}

/** Asked of every node that is heard. */
const CHECKS: readonly Check[] = [
  {
    code: 'nodes.notCurrent',
    level: 'warning',
    what: 'Do not follow the log up to its head',
    is: ({ state, followerState }) => state === 'lagging' || followerState !== 'current',
    todo: 'revocast nodes shows the state of each.',
  },
  {
    code: 'nodes.unguarded',
    level: 'failure',
    what: 'Have the library and no guard in use, so they enforce nothing',
    is: ({ guarded }) => !guarded,
    todo: 'Put the guard before their routes.',
  },
  {
    code: 'nodes.weakerMode',
    level: 'warning',
    what: 'Enforce less than strict (observe or bestEffort)',
    is: ({ mode }) => mode !== 'strict',
    todo: 'Set REVOCAST_MODE=strict once you have seen enough; until then no kill is enforced on them.',
  },
  {
    code: 'nodes.localFile',
    level: 'warning',
    what: 'A local file overrides them, or is broken',
    is: ({ localFile }) => localFile !== undefined && (localFile.broken || localFile.modeOverride !== undefined),
    todo: 'docs/local-file.md says how to end it.',
  },
  {
    code: 'nodes.settings',
    level: 'failure',
    what: 'Have other settings of an issuer than the service, and are not counted',
    is: ({ issuers }, digests) =>
      issuers.some(({ issuer, settingsDigest }) => (digests.get(issuer) ?? settingsDigest) !== settingsDigest),
    todo: 'Give them the same REVOCAST_ISSUERS as the service.',
  },
];

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
