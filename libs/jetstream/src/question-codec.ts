import {
  EXCEPT_CLIENTS_MAX,
  LIVE_TOKEN_MARKS_MAX,
  type LiveTokensAnswer,
  type LiveTokensCount,
  type LiveTokensQuestion,
  MACHINE_CLIENT_BYTES_MAX,
  MACHINE_CLIENTS_MAX,
  type MachineClient,
  type MarkedTokens,
  type Revocation,
  RevocationError,
} from '@revocast/core';
import { readBody, writeBody } from './body-codec.js';
import { readEnvelope, readFrozen, writeEnvelope } from './envelope.js';
import {
  asFields,
  booleanIn,
  type Fields,
  fieldsIn,
  idIn,
  integerIn,
  listIn,
  numberIn,
  optional,
  parseFields,
  textIn,
  unreadable,
} from './fields.js';
import { type Signer, type Verifier } from './keys.js';
import { type NodeName } from './names.js';
import { type EncodedTick, type TickMessage } from './tick-codec.js';
import { SIGNATURE_HEADER, WIRE_VERSION } from './wire.js';

/** A few revocations of one command, with keys of a kilobyte each that JSON may write six times as long. */
const QUESTION_BYTES_MAX = 65_536;
/** Marks, and the names of some clients, which JSON may write six times as long. */
const ANSWER_BYTES_MAX = 32_768;
const MARK = /^[0-9a-f]{12}$/;

/**
 * No epoch has this name. Questions are signed with the key of the records and travel where ticks do, under their type:
 * whoever knows no questions finds a tick without a head and passes it over, and copied into a log, one is as foreign as a
 * tick is and makes nobody doubt an issuer.
 */
const NO_EPOCH = 'question';

export const encodeQuestion = (namespace: string, question: LiveTokensQuestion, signer: Signer): EncodedTick => {
  const { id, time, windowMs, revocations } = question;
  const asked = { windowMs, ...writeBody(bodyOf(revocations)) };
  const payload = writeEnvelope(namespace, { id, name: 'tick', time, data: { epoch: NO_EPOCH, asked } });
  return { payload, signature: signer.sign(payload) };
};

const bodyOf = (revocations: readonly Revocation[]): Parameters<typeof writeBody>[0] => {
  const [first] = revocations;
  if (first === undefined) throw new RevocationError('ERR_INVARIANT', 'a question about no revocation');
  return { kind: 'revoked', issuer: first.issuer, scope: first.key.scope, revocations };
};

/** The question, or undefined for whatever is not one of ours that we understand. */
export const decodeQuestion = (
  { payload, headers, namespace }: TickMessage,
  verifier: Verifier,
): LiveTokensQuestion | undefined => {
  if (payload.length > QUESTION_BYTES_MAX) return undefined;
  if (verifier.verify(payload, headers?.last(SIGNATURE_HEADER) ?? '') !== 'ours') return undefined;
  const frozen = readFrozen(payload);
  if (frozen?.name !== 'tick' || frozen.major !== WIRE_VERSION || frozen.namespace !== namespace) return undefined;
  return orNone(() => {
    const { id, time, data } = readEnvelope(frozen);
    const asked = fieldsIn(data, 'asked');
    const body = readBody({ name: textIn(asked, 'name', 64), data: fieldsIn(asked, 'data') });
    if (body.kind !== 'revoked') throw unreadable('a question is about revocations');
    return { id, time, windowMs: numberIn(asked, 'windowMs'), revocations: body.revocations };
  });
};

export const encodeAnswer = ({ question, service, instance, count }: LiveTokensAnswer): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ service, instance, question, count: count ?? null }));

/** The answer of the node whose subject it came over, or undefined for everything else. */
export const decodeAnswer = (payload: Uint8Array, from: NodeName): LiveTokensAnswer | undefined => {
  if (payload.length > ANSWER_BYTES_MAX) return undefined;
  const fields = parseFields(payload);
  if (fields?.['service'] !== from.service || fields['instance'] !== from.instance) return undefined;
  if (fields['question'] === undefined) return undefined;
  return orNone(() => ({
    ...from,
    question: idIn(fields, 'question'),
    count: fields['count'] === null ? undefined : readCount(fieldsIn(fields, 'count')),
  }));
};

const readCount = (fields: Fields): LiveTokensCount => {
  const marks = fields['marks'] === undefined ? undefined : listIn(fields, 'marks', readMark);
  const [tokens, machines] = [integerIn(fields, 'tokens'), integerIn(fields, 'machines')];
  if (machines > tokens) throw unreadable('more machines than tokens');
  if (marks !== undefined && (marks.length > LIVE_TOKEN_MARKS_MAX || marks.length !== tokens))
    throw unreadable('marks and tokens are not as many');
  return {
    ...{ tokens, machines },
    atLeast: booleanIn(fields, 'atLeast'),
    ...(marks && { marks }),
    ...readClients(fields),
  };
};

type ClientCounts = Pick<LiveTokensCount, 'machineClients' | 'moreMachineClients' | 'excepted'>;

/** What older nodes do not tell. */
const readClients = (fields: Fields): ClientCounts => {
  const machineClients = optional(fields, 'machineClients', (all, name) =>
    someIn(all, name, MACHINE_CLIENTS_MAX, readMachine),
  );
  const moreMachineClients = optional(fields, 'moreMachineClients', integerIn);
  const excepted = optional(fields, 'excepted', (all, name) => someIn(all, name, EXCEPT_CLIENTS_MAX, readMarked));
  return {
    ...(machineClients && { machineClients }),
    ...(moreMachineClients !== undefined && { moreMachineClients }),
    ...(excepted && { excepted }),
  };
};

const someIn = <T>(fields: Fields, name: string, most: number, read: (item: Fields) => T): readonly T[] => {
  const items = listIn(fields, name, (item) => {
    const inner = asFields(item);
    if (inner === undefined) throw unreadable(`${name} holds what is not an object`);
    return read(inner);
  });
  if (items.length > most) throw unreadable(`${name} holds too many`);
  return items;
};

const readMachine = (item: Fields): MachineClient => ({
  clientId: textIn(item, 'clientId', MACHINE_CLIENT_BYTES_MAX),
  ...readMarked(item),
});

const readMarked = (item: Fields): MarkedTokens => {
  const tokens = integerIn(item, 'tokens');
  const marks = optional(item, 'marks', (all, name) => listIn(all, name, readMark));
  if (marks !== undefined && (marks.length > LIVE_TOKEN_MARKS_MAX || marks.length !== tokens))
    throw unreadable('marks and tokens are not as many');
  return { tokens, ...(marks && { marks }) };
};

const readMark = (item: unknown): string => {
  if (typeof item !== 'string' || !MARK.test(item)) throw unreadable('marks holds what is no mark');
  return item;
};

const orNone = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof RevocationError) return undefined;
    throw error;
  }
};
