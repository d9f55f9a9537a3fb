import { ENTRIES_PER_KEY_MAX, MACHINE_CLIENTS_MAX, SCOPES } from '@revocast/core';
import { z } from 'zod';
import { LEVELS } from '../diagnosis/finding.js';

// What answers look like, for the description of the API. Members may be added; readers ignore those they do not know.

const propagation = z
  .looseObject({
    state: z.enum(['enforced', 'enforcedExcept', 'propagating', 'noNodes']),
    nodes: z.number().describe('Nodes that count.'),
    applied: z.number().describe('Those of them that acknowledged.'),
    appliedNodes: z
      .array(
        z.looseObject({
          node: z.string(),
          instance: z.string(),
          service: z.string(),
          appliedAt: z.string(),
          afterMs: z.number().nullable(),
        }),
      )
      .describe(
        'The counted nodes that acknowledged, the slowest first (of more than 256 the slowest): when, and how long after the broker’s confirmation; null where the node came with it.',
      ),
    silent: z
      .array(z.looseObject({}))
      .describe('Not acknowledged and not heard for 3 s; each may let the revoked pass until `openUntil`.'),
    lagging: z.array(z.looseObject({})).describe('Heard, and not yet acknowledged.'),
    notCounted: z.array(z.looseObject({})).describe('Nodes that enforce nothing, with the reason.'),
    services: z.array(z.looseObject({})),
    slowestMs: z.number().nullable().describe('From the broker\u2019s confirmation to the last acknowledgement.'),
    enforcedBy: z.string().optional().describe('While propagating: enforced by then at the latest.'),
    enforcedAt: z.string().optional(),
    rosterComplete: z.boolean().describe('Whether all nodes there can be are known.'),
  })
  .describe('How far the record got. Enforced: every counted node refuses.');

const key = {
  jti: z.string().optional(),
  signingInputHash: z.string().optional(),
  sid: z.string().optional(),
  sub: z.string().optional(),
  clientId: z.string().optional(),
  deviceId: z.string().optional(),
  kid: z.string().optional(),
  thumbprint: z.string().optional(),
};

const coverage = z.looseObject({
  claims: z.array(z.string()),
  required: z.boolean(),
  nodes: z.number(),
  tokens: z.number(),
  seen: z.number(),
  note: z.string(),
  warning: z.string().optional(),
});

const refreshTokens = z.looseObject({ covered: z.boolean(), note: z.string() });

const identityProvider = z
  .looseObject({
    state: z
      .enum(['due', 'ended', 'unknown', 'failed', 'cancelled'])
      .describe('`unknown`: nothing was there to end. `failed`: given up. `cancelled`: lifted before.'),
    attempts: z.number(),
    nextAttemptAt: z.iso.datetime().optional(),
    endedAt: z.iso.datetime().optional(),
    closedBy: z.string().optional().describe('The revocation that cuts off what was refreshed until it ended.'),
    because: z.enum(['unreachable', 'busy', 'broken', 'refused', 'rejected', 'ourLog']).nullable(),
  })
  .describe(
    'Sessions and refresh tokens at the identity provider: ended after our record, and tried until it succeeds.',
  );

const time = z.iso.datetime();

const planned = {
  issuer: z.string(),
  scope: z.enum(SCOPES),
  ...key,
  effect: z.enum(['always', 'issuedBefore', 'suspended', 'none']),
  issuedBefore: z.number().optional().describe('Epoch seconds; exclusive.'),
  until: z.literal('lifted').optional(),
  retainUntil: z.union([z.number(), z.literal('lifted')]).describe('Epoch seconds.'),
  condition: z
    .looseObject({
      exceptClients: z.array(z.string()).optional(),
      spread: z
        .looseObject({ from: time, until: time })
        .optional()
        .describe('Each subject is hit at a moment of its own; until the end, `propagation` says `propagating`.'),
    })
    .optional()
    .describe('Whom it lets off.'),
  conditionEndedAt: time.optional().describe('Since then it lets off nobody.'),
};

const who = {
  acceptedBy: z
    .enum(['thisInstance', 'otherInstance'])
    .describe(
      '`otherInstance`: taken from the log, which carries neither names nor reasons; also after the journal was lost.',
    ),
  actor: z.string().nullable(),
  reason: z.string().nullable(),
};

const lift = z.looseObject({
  acceptedAt: time,
  publishedAt: time.nullable(),
  sequence: z.number().nullable(),
  epoch: z.string().nullable(),
  ...who,
  propagation: propagation.nullable(),
});

const revocation = {
  id: z.string(),
  ...planned,
  state: z.enum(['accepted', 'published', 'lifted', 'expired', 'noEffect']),
  acceptedAt: time,
  publishedAt: time.nullable(),
  sequence: z.number().nullable(),
  epoch: z.string().nullable(),
  ...who,
  supersedes: z.array(z.string()).optional(),
  supersededBy: z.string().optional(),
  alongside: z.array(z.string()).optional().describe('Other revocations of the same command.'),
  lift: lift.optional(),
  coverage: coverage.nullable(),
  refreshTokens: refreshTokens.nullable(),
  propagation: propagation.nullable(),
  identityProvider: identityProvider.nullable().describe('null: no provider is configured for it, or nothing to end.'),
};

const refusals = z
  .looseObject({
    refused: z.number().describe('Requests and live connections, all over the fleet.'),
    last: z.looseObject({ service: z.string(), at: time }).nullable(),
    services: z.array(z.looseObject({ service: z.string(), refused: z.number(), lastAt: time })),
    atLeast: z.boolean().describe('Some could not be counted: there were more than nodes or service have room for.'),
    notCounting: z
      .array(z.string())
      .describe('Services with nodes that do not count, such as those of an older version.'),
  })
  .describe('As nodes tell it, some seconds late; a node that is killed takes its last seconds with it.');

export const revocationAnswerSchema = z.looseObject(revocation);
export const shownAnswerSchema = z.looseObject({ ...revocation, refusals });
export const liftAnswerSchema = z.looseObject({
  ...revocation,
  left: z.array(z.looseObject({ id: z.string(), ...planned })).describe(`At most ${ENTRIES_PER_KEY_MAX}.`),
});
export const listAnswerSchema = z.looseObject({ items: z.array(revocationAnswerSchema), next: z.string().nullable() });
const tokenRange = {
  atLeast: z.number(),
  atMost: z.number().nullable().describe('Null where some nodes did not answer, or may have seen more.'),
};
const someNodes = z.array(z.looseObject({ service: z.string(), node: z.string() }));

const liveTokens = z
  .looseObject({
    windowSeconds: z.number().describe('Tokens that no node was asked for since are not live.'),
    tokens: z.looseObject(tokenRange).nullable().describe('Null: not known.'),
    machines: z.looseObject(tokenRange).nullable().describe('Those of machine clients, as far as claims tell.'),
    machineClients: z
      .array(z.looseObject({ clientId: z.string(), tokens: z.looseObject(tokenRange) }))
      .describe(`Machine clients by name, at most ${MACHINE_CLIENTS_MAX}.`),
    moreMachineClients: z.number().describe('At least so many are not named.'),
    excepted: z
      .array(z.looseObject({ clientId: z.string(), tokens: z.looseObject(tokenRange).nullable() }))
      .describe('What a condition spares, by client. Null: not known.'),
    services: z.array(z.looseObject({ service: z.string(), nodes: z.number(), counted: z.number(), ...tokenRange })),
    notAnswered: someNodes,
    cacheOff: someNodes.describe('Nodes that keep no verified tokens, so they do not know.'),
    note: z.string(),
  })
  .describe('What it would hit right now, by the tokens that nodes verified lately and nothing has revoked yet.');

const warnings = z
  .array(
    z.looseObject({
      code: z.enum([
        ...(['allUsers', 'allUsersOfClient', 'ownSession', 'machines', 'excepted', 'forgeable', 'waves'] as const),
        'unheeded',
      ]),
      detail: z.string(),
    }),
  )
  .describe('Whom it hits beside the one that is meant, and whom it does not.');

export const previewAnswerSchema = z.looseObject({
  ...planned,
  warnings,
  liveTokens: liveTokens.nullable().describe('Null: it can hit nothing, or too many previews run at once.'),
  coverage,
  refreshTokens,
  nodes: z.array(z.looseObject({})),
});
export const personSearchAnswerSchema = z.looseObject({
  persons: z.array(
    z.looseObject({
      issuer: z.string(),
      provider: z.string(),
      subject: z.string().describe('What a command names the person by.'),
      username: z.string().optional(),
      email: z.string().optional(),
      name: z.string().optional(),
      enabled: z.boolean().optional(),
      sessions: z.number().nullable().describe('Sessions at the provider; null where it does not tell.'),
    }),
  ),
  unanswered: z
    .array(z.looseObject({ issuer: z.string(), provider: z.string(), because: z.string() }))
    .describe('Providers that did not answer: who is only there is missing above.'),
});
export const personRevokeAnswerSchema = z.looseObject({
  revocations: z.array(revocationAnswerSchema),
  rejected: z.array(z.looseObject({ issuer: z.string(), sub: z.string(), code: z.string(), status: z.number() })),
  propagation: z
    .looseObject({
      state: z.enum(['enforced', 'enforcedExcept', 'propagating', 'noNodes', 'incomplete']),
      enforcedAt: time.optional(),
      enforcedBy: time.optional(),
    })
    .describe('Of all of them: as far as the one that is furthest behind. `incomplete`: some were rejected.'),
});
export const nodesAnswerSchema = z.looseObject({ fleetBoundMs: z.number(), nodes: z.array(z.looseObject({})) });
export const diagnosisAnswerSchema = z.looseObject({
  at: time.describe('By the clock of the service.'),
  worst: z.enum(LEVELS),
  findings: z.array(
    z.looseObject({
      code: z.string(),
      level: z.enum(LEVELS),
      seen: z.string(),
      todo: z.string().describe('Empty: nothing.'),
    }),
  ),
});
export const explainAnswerSchema = z.looseObject({
  verified: z.boolean(),
  code: z.string().optional(),
  token: z.looseObject({}).optional(),
  hit: z.looseObject({ scope: z.enum(SCOPES), revocationId: z.string() }).nullable(),
  gate: z.looseObject({ outcome: z.enum(['pass', 'refuse']), status: z.number(), code: z.string().nullable() }),
});
export const readinessSchema = z.looseObject({
  status: z.enum(['ready', 'notReady']),
  reasons: z.array(z.looseObject({ code: z.string(), detail: z.string() })),
  warnings: z.array(z.looseObject({ code: z.string(), detail: z.string() })),
});
export const livenessSchema = z.looseObject({ status: z.literal('live') });
export const batchLineSchema = z.looseObject({
  line: z.number().optional(),
  id: z.string().optional(),
  code: z.string().optional(),
  status: z.number().optional(),
  done: z.literal(true).optional(),
  accepted: z.number().optional(),
  rejected: z.number().optional(),
});
export const batchPreviewSchema = z.looseObject({
  line: z.number().optional(),
  issuer: z.string().optional(),
  scope: z.enum(SCOPES).optional(),
  effect: planned.effect.optional(),
  ...{ code: z.string().optional(), status: z.number().optional(), done: z.literal(true).optional() },
  accepted: z.number().optional().describe('How many the batch itself would accept.'),
  rejected: z.number().optional(),
});
