import { type Caller } from '@revocast/node';

/** Everything but printable ASCII without blank and percent sign: a name from a token must not end a header line. */
const UNSAFE = /[^\x21-\x24\x26-\x7e]/gu;

const encoded = (value: string | undefined): string =>
  (value ?? '').replace(UNSAFE, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );

/**
 * Whom a proxy tells the service behind it. All of them are always there, empty where the token says nothing: what is left out
 * could be put in its place by the client.
 */
export const identityHeaders = ({ facts, verdict }: Caller): readonly (readonly [string, string])[] => [
  ['X-Revocast-Issuer', encoded(facts.issuer)],
  ['X-Revocast-Subject', encoded(facts.sub)],
  ['X-Revocast-Client', encoded(facts.clientId)],
  ['X-Revocast-Session', encoded(facts.sid)],
  ['X-Revocast-Verdict', verdict.kind],
];
