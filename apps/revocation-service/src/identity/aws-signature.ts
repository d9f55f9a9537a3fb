import { createHash, createHmac } from 'node:crypto';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly region: string;
  readonly service: string;
}

export interface AwsRequest {
  readonly method: string;
  /** Without a fragment; its query, if any, sorted by name. */
  readonly url: string;
  /** What is signed besides `host` and `x-amz-date`; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** `date` as `20150830T123600Z`. */
export const awsDate = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

/** The value of `authorization` by AWS Signature Version 4; the request must carry `x-amz-date` with the same date. */
export const awsAuthorization = (credentials: AwsCredentials, request: AwsRequest, date: string): string => {
  const { accessKeyId, secret, region, service } = credentials;
  const { host, pathname, search } = new URL(request.url);
  const headers: [string, string][] = Object.entries({ ...request.headers, host, 'x-amz-date': date });
  headers.sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = headers.map(([name]) => name).join(';');
  const canonical = [
    ...[request.method, pathname, search.slice(1)],
    ...headers.map(([name, value]) => `${name}:${value.trim()}`),
    ...['', signed, sha256(request.body)],
  ].join('\n');
  const day = date.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = [region, service, 'aws4_request'].reduce((from, part) => hmac(from, part), hmac(`AWS4${secret}`, day));
  const signature = hmac(key, toSign).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
};
