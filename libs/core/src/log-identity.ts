/** Which log is the current one. A log name is never used twice; its epoch counts once its `epochOpened` record is read. */
export interface LogIdentity {
  readonly name: string;
  readonly epoch: string;
  /** When the broker made it: a recreated log has another time. Opaque. */
  readonly created: string;
}

export const isSameLog = (a: LogIdentity, b: LogIdentity): boolean =>
  a.name === b.name && a.epoch === b.epoch && a.created === b.created;
