import { type LogInspection } from '@revocast/jetstream';
import { type Readiness } from '../health/readiness.js';
import { clockFinding } from './clock-finding.js';
import { finding, type Finding } from './finding.js';

export interface BrokerSeen {
  readonly readiness: Pick<Readiness, 'reasons' | 'warnings'>;
  /** Undefined when there is no log or it could not be asked. */
  readonly inspection: LogInspection | undefined;
  /** By the service's own follower, which hears what a node hears. */
  readonly ticksMissed: boolean;
}

/** The broker, the log, our rights there, and the service's own word. */
export function brokerFindings({ readiness, inspection, ticksMissed }: BrokerSeen): readonly Finding[] {
  return [
    ...readiness.reasons.map(({ code, detail }) =>
      finding(`service.${code}`, 'failure', detail, 'docs/runbook.md has a section for it.'),
    ),
    ...readiness.warnings.map(({ code, detail }) =>
      finding(`service.${code}`, 'warning', detail, 'docs/runbook.md says what it means.'),
    ),
    ...(readiness.reasons.length === 0 ? [finding('service.ready', 'ok', 'The service carries out commands.')] : []),
    ...(inspection === undefined ? [unasked()] : inspected(inspection)),
    ticksMissed
      ? finding(
          'broker.ticks',
          'failure',
          'Three ticks in a row did not come back from the broker: nodes find gaps late.',
          'Let the service publish and hear <namespace>.tick (deploy/nats/accounts.conf), and look whether an instance runs.',
        )
      : finding('broker.ticks', 'ok', 'Ticks come back from the broker.'),
  ];
}

const unasked = (): Finding =>
  finding(
    'broker.log',
    'failure',
    'The log could not be asked about: there is none, or the broker does not answer.',
    'Look at the broker, and at the reasons of the service.',
  );

const inspected = ({ brokerVersion, brokerTime, asked, drift, lacking }: LogInspection): readonly Finding[] => [
  finding('broker.log', 'ok', `The log answers; nats-server ${brokerVersion ?? 'of unknown version'}.`),
  drift.length === 0
    ? finding('broker.stream', 'ok', 'The log has the settings that the service would give it.')
    : finding(
        'broker.stream',
        'failure',
        `The log has other settings: ${drift.join(', ')}.`,
        'Somebody changed the stream, or REVOCAST_REPLICAS or REVOCAST_LOG_AGE_SECONDS_MAX differs. Set the stream back with the nats tool, or the setting to what is meant.',
      ),
  lacking.length === 0
    ? finding('broker.rights', 'ok', 'The service may write the log, make it and keep it longer.')
    : finding(
        'broker.rights',
        'failure',
        `The broker refuses, or does not answer: ${lacking.join(', ')}.`,
        'Give the user of the service its rights: deploy/nats/accounts.conf.',
      ),
  ...(brokerTime === undefined ? [] : [clockFinding('clocks.broker', [{ name: 'the broker', at: brokerTime, asked }])]),
];
