import {
  EXCEPT_CLIENTS_BYTES_MAX,
  EXCEPT_CLIENTS_MAX,
  isKeyField,
  KEY_FIELD_BYTES_MAX,
  SPREAD_SECONDS_MAX,
} from '@revocast/core';
import { z } from 'zod';

/** RFC 3339 or epoch seconds, as in a JWT. */
const time = z
  .union([z.iso.datetime({ offset: true }), z.number().min(0).max(8_640_000_000_000)])
  .describe('A time: RFC 3339, or seconds since 1970-01-01T00:00:00Z as in a JWT.');

/** Compared byte for byte with the claim: neither trimmed nor normalised. */
const keyField = (description: string) =>
  z
    .string()
    .min(1)
    .refine(isKeyField, `is to be well-formed Unicode of at most ${KEY_FIELD_BYTES_MAX} bytes of UTF-8`)
    .describe(description);

const digest = (description: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'is to be a SHA-256 in base64url without padding')
    .describe(description);

// eslint-disable-next-line no-control-regex -- exactly these would break lines of logs and exports
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Free text for the audit; it never leaves the service. */
export const reason = z
  .string()
  .max(1_000)
  .refine((text) => !CONTROL_CHARACTERS.test(text), 'is to have no control characters')
  .describe('Why, for the audit. Stays in the service: it is not published and not logged.');

const common = {
  issuer: z.string().min(1).max(1_024).describe('The `iss` of the tokens, exactly as configured.'),
  at: time.optional().describe('When the event happened; default now. The second of the event is included.'),
  until: z
    .literal('lifted')
    .optional()
    .describe('Hit every token of the key, whatever its times, until the revocation is lifted.'),
  reason: reason.optional(),
};

const withCutoff = {
  ...common,
  issuedBefore: time
    .optional()
    .describe('Literal cut-off: tokens whose time claim is strictly before it are hit. Excludes `at`.'),
};

const DURATION = /^([1-9][0-9]{0,4})([smh])$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** Of a text that the schema let pass. */
export const durationSeconds = (text: string): number => {
  const [, count = '0', unit = 's'] = DURATION.exec(text) ?? [];
  return Number(count) * (UNIT_SECONDS[unit] ?? 1);
};

const spread = {
  spread: z
    .string()
    .regex(DURATION, 'is to be a number of s, m or h, such as 10m')
    .refine((text) => durationSeconds(text) <= SPREAD_SECONDS_MAX, 'is to be 24h at most')
    .optional()
    .describe('Reach one subject after the other over this time, such as `10m`. Enforced at its end, and not before.'),
  olderNodes: z
    .literal('refuseMore')
    .optional()
    .describe('Go ahead although nodes of an older version will spare nobody: they hit everybody at once.'),
};

const exceptions = {
  exceptClients: z
    .array(keyField('A client, as the claim mapped for the issuer has it.'))
    .min(1)
    .max(EXCEPT_CLIENTS_MAX)
    .refine((clients) => new Set(clients).size === clients.length, 'names a client twice')
    .refine(
      (clients) => clients.reduce((sum, client) => sum + Buffer.byteLength(client), 0) <= EXCEPT_CLIENTS_BYTES_MAX,
      `is to have at most ${EXCEPT_CLIENTS_BYTES_MAX} bytes of UTF-8`,
    )
    .optional()
    .describe('Tokens of these clients are not hit. A token without a client is hit.'),
  ...spread,
};

const notBothConditions = (value: { readonly exceptClients?: unknown; readonly spread?: unknown }): boolean =>
  value.exceptClients === undefined || value.spread === undefined;
const CONDITIONS = { message: 'exceptClients and spread exclude each other', path: ['spread'] };

const exactlyOne = (fields: readonly string[]) => ({
  check: (value: object): boolean => fields.filter((field) => field in value).length === 1,
  message: `needs exactly one of ${fields.join(', ')}`,
});

const tokenIdentified = exactlyOne(['jti', 'signingInputHash', 'token']);
const keyIdentified = exactlyOne(['kid', 'thumbprint']);
const notBothTimes = (value: { readonly at?: unknown; readonly issuedBefore?: unknown }): boolean =>
  value.at === undefined || value.issuedBefore === undefined;
const TIMES = { message: 'at and issuedBefore exclude each other', path: ['issuedBefore'] };

const sub = keyField('The subject, as the claim mapped for the issuer has it.');
const clientId = keyField('The client, as the claim mapped for the issuer has it.');

/** The body of `POST /v1/revocations`, one variant per scope. */
export const revocationCommandSchema = z.discriminatedUnion('scope', [
  z
    .strictObject({
      scope: z.literal('token'),
      ...common,
      jti: keyField('The `jti` of the token.').optional(),
      signingInputHash: digest(
        'SHA-256 of the ASCII signing input `header.payload`, for tokens without `jti`.',
      ).optional(),
      token: z
        .string()
        .min(1)
        .max(65_536)
        .optional()
        .describe('The raw JWT. It is verified, used for its `jti` or hash, and neither stored nor logged.'),
      expiresAt: time
        .optional()
        .describe('The `exp` of a token named by id. Unverified, so it never shortens anything.'),
    })
    .refine(tokenIdentified.check, tokenIdentified.message),
  z.strictObject({ scope: z.literal('session'), ...common, sid: keyField('The session, as the mapped claim has it.') }),
  z.strictObject({ scope: z.literal('subject'), ...withCutoff, sub }).refine(notBothTimes, TIMES),
  z.strictObject({ scope: z.literal('client'), ...withCutoff, ...spread, clientId }).refine(notBothTimes, TIMES),
  z.strictObject({ scope: z.literal('grant'), ...withCutoff, sub, clientId }).refine(notBothTimes, TIMES),
  z
    .strictObject({
      scope: z.literal('device'),
      ...withCutoff,
      deviceId: keyField('The device, as the mapped claim has it.'),
    })
    .refine(notBothTimes, TIMES),
  z
    .strictObject({ scope: z.literal('issuer'), ...withCutoff, ...exceptions })
    .refine(notBothTimes, TIMES)
    .refine(notBothConditions, CONDITIONS),
  z
    .strictObject({
      scope: z.literal('key'),
      ...common,
      ...exceptions,
      kid: keyField('The `kid` in the key set of the issuer.').optional(),
      thumbprint: digest('RFC 7638 thumbprint (SHA-256) of the key.').optional(),
    })
    .refine(keyIdentified.check, keyIdentified.message)
    .refine(notBothConditions, CONDITIONS),
]);

/** What an operator asks for, checked in shape only. */
export type CommandInput = z.infer<typeof revocationCommandSchema>;
export type TimeInput = z.infer<typeof time>;
