import { RevocationError, SCOPES, type Scope } from '@revocast/core';
import { z } from 'zod';
import { parseJson } from './source.js';

/** An operator that authenticates with a secret of which we hold only the SHA-256. */
export interface ApiKey {
  readonly name: string;
  readonly sha256: Buffer;
  readonly verbs: ReadonlySet<'read' | 'write'>;
  /** Undefined = all. */
  readonly issuers: ReadonlySet<string> | undefined;
  readonly scopes: ReadonlySet<Scope> | undefined;
  /** Epoch milliseconds; undefined = never. */
  readonly expiresAt: number | undefined;
}

const apiKeySchema = z.strictObject({
  name: z.string().regex(/^[\w.@:-]{1,64}$/, 'is to have 1 to 64 characters A-Z a-z 0-9 _ . @ : -'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/i, 'is to be the SHA-256 of the key in hex, 64 digits'),
  verbs: z.array(z.enum(['read', 'write'])).min(1),
  issuers: z.array(z.string().min(1)).min(1).optional(),
  scopes: z.array(z.enum(SCOPES)).min(1).optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
});

/** Reads REVOCAST_API_KEYS. Throws ERR_CONFIG with all problems; no digest is in the message. */
export function parseApiKeys(text: string): readonly ApiKey[] {
  const parsed = z.array(apiKeySchema).safeParse(parseJson(text));
  if (!parsed.success) throw new RevocationError('ERR_CONFIG', parsed.error.issues.map(describe).join('; '));
  const names = parsed.data.map((key) => key.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RevocationError('ERR_CONFIG', `two API keys are named ${twice}`);
  return parsed.data.map(apiKeyOf);
}

const describe = (issue: z.core.$ZodIssue): string => `${issue.path.join('.')}: ${issue.message}`;

const apiKeyOf = (input: z.infer<typeof apiKeySchema>): ApiKey => ({
  name: input.name,
  sha256: Buffer.from(input.sha256, 'hex'),
  verbs: new Set(input.verbs),
  issuers: input.issuers && new Set(input.issuers),
  scopes: input.scopes && new Set(input.scopes),
  expiresAt: input.expiresAt === undefined ? undefined : Date.parse(input.expiresAt),
});
