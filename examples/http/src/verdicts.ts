import { type RevocationNodeOptions, VERDICT_LABELS, verdictLabel } from '@revocast/node';

/** How many requests were active, revoked, unknown or invalid: what to watch before anything is enforced. */
export const verdicts = Object.fromEntries(VERDICT_LABELS.map((label) => [label, 0]));

export const count: NonNullable<RevocationNodeOptions['onVerdict']> = (answer) => {
  const label = verdictLabel(answer);
  verdicts[label] = (verdicts[label] ?? 0) + 1;
};
