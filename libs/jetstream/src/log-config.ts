import { type StreamConfig, type StreamInfo } from '@nats-io/jetstream';
import { type Names } from './names.js';
import { STORED_BYTES_MAX } from './wire.js';

const NANOSECONDS_PER_SECOND = 1e9;
/** The stream's limit counts headers too: signature, record id, expected stream. */
const HEADER_BYTES_MAX = 4_096;
/** A publish whose outcome is unknown is repeated for two minutes; its id must be remembered for longer. Costs about 210 bytes of the broker's memory per record. */
const DUPLICATE_WINDOW_SECONDS = 300;

export interface LogSettings {
  readonly names: Names;
  readonly name: string;
  readonly replicas: number;
  readonly maxAgeSeconds: number;
}

export type LogConfig = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'max_age'>;

export const nanoseconds = (seconds: number): number => seconds * NANOSECONDS_PER_SECOND;

/** What makes a stream a log: nothing in it can be changed or removed before its time, and all of it is told to the live feed. */
export const logConfig = ({ names, name, replicas, maxAgeSeconds }: LogSettings): LogConfig => ({
  name,
  subjects: [names.log],
  retention: 'limits',
  // On 2.9 a republished publish to memory storage costs a scan of the stream.
  storage: 'file',
  num_replicas: replicas,
  // Full, it refuses the new record, which the service notices, rather than forget an old one, which nobody would.
  discard: 'new',
  max_age: nanoseconds(maxAgeSeconds),
  max_msgs: -1,
  max_bytes: -1,
  max_msgs_per_subject: -1,
  max_msg_size: STORED_BYTES_MAX + HEADER_BYTES_MAX,
  duplicate_window: nanoseconds(Math.min(DUPLICATE_WINDOW_SECONDS, maxAgeSeconds)),
  allow_direct: true,
  // A far copy must not answer for this one: it lags.
  mirror_direct: false,
  deny_delete: true,
  deny_purge: true,
  allow_rollup_hdrs: false,
  republish: { src: names.log, dest: names.live },
});

/**
 * What the broker did not take over. Older servers drop settings they do not know, and say nothing: a log without
 * republish would feed nobody, one without direct get could not be read. A longer `max_age` is fine: it is only ever raised.
 */
export const differences = (wanted: LogConfig, { config }: StreamInfo): readonly string[] => {
  const problems = (Object.keys(wanted) as (keyof LogConfig)[])
    .filter((key) => key !== 'max_age' && JSON.stringify(wanted[key]) !== JSON.stringify(config[key] ?? false))
    .map((key) => `${key} is ${JSON.stringify(config[key] ?? null)}`);
  return config.max_age === 0 || config.max_age >= wanted.max_age ? problems : [...problems, 'max_age is too short'];
};
