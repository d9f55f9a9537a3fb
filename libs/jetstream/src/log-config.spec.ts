import { describe, expect, it } from '@jest/globals';
import { type StreamConfig, type StreamInfo } from '@nats-io/jetstream';
import { differences, logConfig } from './log-config.js';
import { namesOf } from './names.js';

const wanted = logConfig({ names: namesOf('revocast'), name: 'REVOCAST_LOG_e1', replicas: 3, maxAgeSeconds: 86_400 });
const answered = (change: Partial<StreamConfig> = {}): StreamInfo =>
  ({ config: { ...wanted, ...change } }) as StreamInfo;

describe('the settings of a log, read back', () => {
  it('are right when the broker took them all, and whatever it adds', () => {
    expect(differences(wanted, answered({ compression: 's2', metadata: { a: 'b' } }))).toEqual([]);
  });

  it('are right when members that are false are left out, as old servers do', () => {
    const { mirror_direct: _mirror, allow_rollup_hdrs: _rollup, ...rest } = wanted;
    expect(differences(wanted, { config: rest } as StreamInfo)).toEqual([]);
  });

  it.each<[keyof StreamConfig, Partial<StreamConfig>]>([
    ['republish', { republish: { src: 'revocast.log.>', dest: 'elsewhere.>' } }],
    ['allow_direct', { allow_direct: false }],
    ['deny_delete', { deny_delete: false }],
    ['deny_purge', { deny_purge: false }],
    ['discard', { discard: 'old' }],
    ['storage', { storage: 'memory' }],
    ['num_replicas', { num_replicas: 1 }],
    ['max_bytes', { max_bytes: 1_000 }],
    ['max_age', { max_age: 1 }],
  ])('are wrong when the broker did not take over %s', (name, change) => {
    expect(differences(wanted, answered(change))).toEqual([expect.stringContaining(name)]);
  });

  it('are wrong when the server does not know republish at all', () => {
    const { republish: _republish, ...rest } = wanted;
    expect(differences(wanted, { config: rest } as StreamInfo)).toEqual([expect.stringContaining('republish')]);
  });

  it('may keep records for longer, or for ever', () => {
    expect(differences(wanted, answered({ max_age: wanted.max_age * 2 }))).toEqual([]);
    expect(differences(wanted, answered({ max_age: 0 }))).toEqual([]);
  });
});
