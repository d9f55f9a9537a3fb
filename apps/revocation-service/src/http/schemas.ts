import { KEY_FIELDS, SCOPES } from '@revocast/core';
import { z } from 'zod';
import { reason, revocationCommandSchema } from '../command/command-schema.js';

export const LIST_LIMIT_DEFAULT = 50;
export const LIST_LIMIT_MAX = 200;
/** Issuers that know one person. */
export const PERSON_SUBJECTS_MAX = 50;

const keyFilters = Object.fromEntries(
  KEY_FIELDS.map((field) => [
    field,
    z.string().min(1).optional().describe(`Only revocations with exactly this ${field}.`),
  ]),
) as Record<(typeof KEY_FIELDS)[number], z.ZodOptional<z.ZodString>>;

/** Query of `GET /v1/revocations`. */
export const listQuerySchema = z.strictObject({
  issuer: z.string().min(1).optional(),
  scope: z.enum(SCOPES).optional(),
  ...keyFilters,
  state: z.enum(['accepted', 'published', 'lifted', 'expired', 'noEffect']).optional(),
  limit: z.coerce.number().int().min(1).max(LIST_LIMIT_MAX).default(LIST_LIMIT_DEFAULT),
  cursor: z
    .string()
    .regex(/^[0-9a-z]{1,11}$/, 'is not a cursor of this list')
    .optional()
    .describe('`next` of the page before.'),
});
export type ListQuery = z.infer<typeof listQuerySchema>;

/** Body of a lift; it may be left out. */
export const liftSchema = z.strictObject({ reason: reason.optional() }).nullish();
export type LiftBody = z.infer<typeof liftSchema>;

/** Body of `POST /v1/explain`. */
export const explainSchema = z.strictObject({
  token: z.string().min(1).max(65_536).describe('The raw JWT. It is neither stored nor logged.'),
});
export type ExplainBody = z.infer<typeof explainSchema>;

/** Body of `POST /v1/persons/search`; in a body, since addresses of requests are written into logs everywhere. */
export const personSearchSchema = z.strictObject({
  query: z.string().trim().min(2).max(256).describe('A name or an e-mail address. It is neither stored nor logged.'),
});
export type PersonSearchBody = z.infer<typeof personSearchSchema>;

const commandTimes = revocationCommandSchema.options[2].shape;

/** Body of `POST /v1/persons/revoke`: the same person at several issuers. */
export const personRevokeSchema = z.strictObject({
  subjects: z
    .array(z.strictObject({ issuer: commandTimes.issuer, sub: commandTimes.sub }))
    .min(1)
    .max(PERSON_SUBJECTS_MAX),
  at: commandTimes.at,
  until: commandTimes.until,
  reason: commandTimes.reason,
});
export type PersonRevokeBody = z.infer<typeof personRevokeSchema>;

/** Body of `POST /v1/nodes/forget`. */
export const forgetSchema = z.strictObject({
  node: z.string().min(1).max(256),
  instance: z.string().min(1).max(256),
  reason: reason.optional(),
});
export type ForgetBody = z.infer<typeof forgetSchema>;
