/** Something worth a log line: never holds a token, a secret, or the content of a record. */
export interface AdapterEvent {
  readonly level: 'info' | 'warn' | 'error';
  /** A stable, short name: `connected`, `disconnected`, `connectFailed`, `brokerError`, `subscriptionDenied`. */
  readonly event: string;
  /** The server or stream it is about, where there is one. */
  readonly about?: string;
  /** What the broker or the network said. */
  readonly because?: string;
}

/** Where an adapter reports; the default says nothing. It must not throw. */
export type AdapterLog = (event: AdapterEvent) => void;

export const silentLog: AdapterLog = () => undefined;
