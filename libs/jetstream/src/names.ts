import { RevocationError } from '@revocast/core';

/** Lower case only, so that upper-casing it into a stream name cannot make two namespaces one. */
const NAMESPACE = /^[a-z][a-z0-9-]{0,31}$/;
/** Without `_`, so that a stream name splits in one way. */
const EPOCH = /^[A-Za-z0-9-]{1,64}$/;
/** Service and instance are one token of a subject each; rights of nodes are written with them, so they stay readable. */
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

/** One token of the subjects of the JetStream API. */
const DOMAIN = /^[A-Za-z0-9_-]{1,64}$/;

/** Throws ERR_CONFIG for a JetStream domain that is none. */
export const requireDomain = (domain: string | undefined): string | undefined => {
  if (domain === undefined || DOMAIN.test(domain)) return domain;
  throw new RevocationError('ERR_CONFIG', 'the domain of the hub must be 1 to 64 characters A-Z a-z 0-9 _ -');
};

/** Every name a namespace has on NATS. */
export interface Names {
  readonly namespace: string;
  /** Subjects of the log, and where the log republishes to. */
  readonly log: string;
  readonly live: string;
  readonly tick: string;
  /** Notices between instances of the service. */
  readonly instances: string;
  /** Heartbeats of all nodes. */
  readonly nodes: string;
  /** Where snapshots are: the newest manifest is the last message of its subject. */
  readonly snapshot: { readonly stream: string; readonly manifest: string; readonly part: string };
}

/** Throws ERR_CONFIG for a namespace that could reach outside its own subjects. */
export const namesOf = (namespace: string): Names => {
  if (!NAMESPACE.test(namespace)) {
    throw new RevocationError(
      'ERR_CONFIG',
      'the namespace must be 1 to 32 characters a-z 0-9 -, beginning with a letter',
    );
  }
  return {
    namespace,
    log: `${namespace}.log.>`,
    live: `${namespace}.live.>`,
    tick: `${namespace}.tick`,
    instances: `${namespace}.instance`,
    nodes: `${namespace}.node.*.*`,
    snapshot: {
      stream: `${namespace.toUpperCase()}_SNAP`,
      manifest: `${namespace}.snap.manifest`,
      part: `${namespace}.snap.part`,
    },
  };
};

/** Name of the stream of one epoch. */
export const logName = (names: Names, epoch: string): string => {
  if (!EPOCH.test(epoch)) throw new RevocationError('ERR_CONFIG', 'an epoch must be 1 to 64 characters A-Z a-z 0-9 -');
  return `${names.namespace.toUpperCase()}_LOG_${epoch}`;
};

/** The epoch of a stream, or undefined when it is not a log of this namespace. */
export const epochOfLog = (names: Names, stream: string): string | undefined => {
  const prefix = `${names.namespace.toUpperCase()}_LOG_`;
  const epoch = stream.slice(prefix.length);
  return stream.startsWith(prefix) && EPOCH.test(epoch) ? epoch : undefined;
};

export interface NodeName {
  readonly service: string;
  readonly instance: string;
}

/** The one subject a node may publish its heartbeats to. Throws ERR_CONFIG. */
export const heartbeatSubject = (names: Names, { service, instance }: NodeName): string => {
  for (const [what, token] of Object.entries({ service, instance })) {
    if (!TOKEN.test(token)) {
      throw new RevocationError('ERR_CONFIG', `the ${what} must be 1 to 64 characters A-Z a-z 0-9 _ -`);
    }
  }
  return `${names.namespace}.node.${service}.${instance}`;
};

/** Whose heartbeat a subject carries. */
export const nodeOfSubject = (subject: string): NodeName | undefined => {
  const [, , service, instance] = subject.split('.');
  return service === undefined || instance === undefined ? undefined : { service, instance };
};

/** Own inboxes per role: rights then keep a node from hearing answers meant for the service. */
export const inboxPrefix = (names: Names, role: 'node' | 'service'): string => `_INBOX_${names.namespace}_${role}`;
