import { describe, expect, it } from '@jest/globals';
import { epochOfLog, heartbeatSubject, logName, namesOf, nodeOfSubject } from './names.js';

const names = namesOf('revocast');
const isConfigError = expect.objectContaining({ code: 'ERR_CONFIG' });

describe('names on NATS', () => {
  it('stay inside the namespace', () => {
    expect(names).toEqual({
      namespace: 'revocast',
      log: 'revocast.log.>',
      live: 'revocast.live.>',
      tick: 'revocast.tick',
      instances: 'revocast.instance',
      nodes: 'revocast.node.*.*',
      snapshot: { stream: 'REVOCAST_SNAP', manifest: 'revocast.snap.manifest', part: 'revocast.snap.part' },
    });
  });

  it.each(['', 'Revocast', '>', 'a.b', 'a*', 'a b', '-a', 'a_log', '$js', 'a'.repeat(33)])(
    'refuse the namespace %j',
    (namespace) => {
      expect(() => namesOf(namespace)).toThrow(isConfigError);
    },
  );

  it.each(['', 'a.b', 'a_b', '>', 'a b', 'a'.repeat(65)])('refuse the epoch %j', (epoch) => {
    expect(() => logName(names, epoch)).toThrow(isConfigError);
  });

  it('give back the epoch of a log, and only of a log of the namespace', () => {
    expect(epochOfLog(names, logName(names, '01J-x'))).toBe('01J-x');
    expect(epochOfLog(names, 'STAGING_LOG_e1')).toBeUndefined();
    expect(epochOfLog(names, 'REVOCAST_LOG_')).toBeUndefined();
    expect(epochOfLog(names, 'REVOCAST_SNAP_e1')).toBeUndefined();
  });

  it('bind a node to one subject, and the subject to the node', () => {
    const subject = heartbeatSubject(names, { service: 'payments', instance: 'i-1' });
    expect(subject).toBe('revocast.node.payments.i-1');
    expect(nodeOfSubject(subject)).toEqual({ service: 'payments', instance: 'i-1' });
    expect(nodeOfSubject('revocast.node.payments')).toBeUndefined();
  });

  it.each(['', 'a.b', '*', '>', 'a b', 'ü', 'a'.repeat(65)])('refuse %j as service or instance', (token) => {
    expect(() => heartbeatSubject(names, { service: token, instance: 'i1' })).toThrow(isConfigError);
    expect(() => heartbeatSubject(names, { service: 'payments', instance: token })).toThrow(isConfigError);
  });
});
