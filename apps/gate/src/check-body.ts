import { type IncomingMessage } from 'node:http';
import { RevocationError } from '@revocast/core';
import { parseStrictObject } from '@revocast/gate';

/** The longest token fits in twice. */
const BODY_BYTES_MAX = 32_768;

/** What a check may be told in its body. */
export interface CheckBody {
  readonly token?: string;
  readonly stalenessMsMax?: unknown;
  readonly mode?: unknown;
}

/** Reads the body of a check; an empty one counts as `{}`. Throws ERR_BODY_MALFORMED for what is no such object. */
export async function readCheckBody(request: IncomingMessage): Promise<CheckBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw malformed(`the body is longer than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  const body = parseStrictObject(Buffer.concat(chunks).toString('utf8'));
  if (body === undefined) throw malformed('the body is no JSON object, or names a member twice');
  const { token } = body;
  if (token !== undefined && typeof token !== 'string') throw malformed('token is a string');
  return body;
}

const malformed = (why: string): RevocationError => new RevocationError('ERR_BODY_MALFORMED', why);
