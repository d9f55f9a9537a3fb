import { createHash } from 'node:crypto';
import { type FeedRecord, type Head, sequence } from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';

/**
 * Whose log it is that the journal does not know:
 * `oursOpen`: a holder of our record keys wrote to it, and its opening record names our hash key;
 * `oursUnopened`: the same before it was opened;
 * `otherHashKey`: ours by its signatures, but made with another hash key;
 * `foreign`: nothing in it is signed by our keys for this namespace and epoch;
 * `empty`: there is nothing in it that could tell.
 */
export type LogOrigin = 'oursOpen' | 'oursUnopened' | 'otherHashKey' | 'foreign' | 'empty';

const CHUNK_RECORDS = 64;

/**
 * Reads the log until its opening record is found. Namespace and epoch stand inside the signed bytes, so a log of
 * staging, with other keys or another namespace, is never taken for ours. The opening record is the last one of the filling.
 */
export async function originOf(
  publisher: Pick<Publisher, 'read'>,
  head: Head,
  hashKeyDigest: string,
): Promise<LogOrigin> {
  let origin: LogOrigin = 'empty';
  for (let from: number = Math.max(1, head.first); from <= head.last; from += CHUNK_RECORDS) {
    const to = sequence(Math.min(head.last, from + CHUNK_RECORDS - 1));
    const records = await publisher.read(head.log, sequence(from), to);
    const ours = records.filter((record) => record.kind === 'record' && record.epoch === head.log.epoch);
    const hashKeys = ours.flatMap((record) => hashKeyOf(record) ?? []);
    if (hashKeys.length > 0) return hashKeys.includes(hashKeyDigest) ? 'oursOpen' : 'otherHashKey';
    if (ours.length > 0) origin = 'oursUnopened';
    else if (origin === 'empty' && records.length > 0) origin = 'foreign';
  }
  return origin;
}

const hashKeyOf = (record: FeedRecord): string | undefined =>
  record.kind === 'record' && record.body.kind === 'epochOpened'
    ? createHash('sha256').update(record.body.hashKey).digest('hex')
    : undefined;
