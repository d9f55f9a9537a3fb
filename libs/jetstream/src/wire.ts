import { type RecordBody } from '@revocast/core';

/**
 * Major version of what is on the wire, the last part of every CloudEvents type. Readers ignore fields they do not
 * know, so additions keep the version; a change that an old reader would misread takes the next one.
 *
 * 1: records, ticks; heartbeats, since then with `routeMode`, `localFile` and `newestTick`, which older services pass over and go by `mode`,
 *    and with `countsRefusals`, `answersQuestions` and `heedsConditions`, which they pass over, too; conditions of revocations, which older
 *    nodes pass over and so refuse more; reports of refusals and answers on the subject of
 *    heartbeats, which older services take for heartbeats they cannot read; questions, which older nodes take for ticks without a head;
 *    `namespace`, `epoch` and `issuer` in `data` are frozen for all versions, so that a node limits what it cannot read.
 */
export const WIRE_VERSION = 1;

/** The Ed25519 signature over the stored bytes: `<kid>.<base64url>`. */
export const SIGNATURE_HEADER = 'Revocast-Signature';

/** No record we write is larger. 64 KiB: hundreds of revocations, and far below the 1 MiB that a broker takes by default. */
export const RECORD_BYTES_MAX = 65_536;

/**
 * The log refuses larger messages, and a reader does not look at them. Above RECORD_BYTES_MAX, so that a later
 * minor version may write larger records without older readers passing them over.
 */
export const STORED_BYTES_MAX = 262_144;

/** A record ready to be published, as often as needed, with the very same bytes. */
export interface EncodedRecord {
  readonly id: string;
  readonly epoch: string;
  /** Where it is published: `<namespace>.log.<scope>`, or `epoch`, `settings`, `void` in place of the scope. */
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Value of the signature header. */
  readonly signature: string;
}

/** The headers of a message: ours once, but of NATS's own names a publisher's forgery comes first and the server's last. */
export interface WireHeaders {
  last(name: string): string;
}

export type RevokedBody = Extract<RecordBody, { readonly kind: 'revoked' }>;
