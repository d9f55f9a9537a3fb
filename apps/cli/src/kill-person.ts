import { type Arguments } from './arguments.js';
import { print, type Run } from './command.js';
import { EXIT, type ExitCode, Failure, usage } from './failure.js';
import { circumstances } from './kill-command.js';
import { idempotencyKey, killedText, plannedText, waitHeader, withKey } from './kill-steps.js';
import { type Json, listOf, member, plain, table } from './text.js';

/** What `--person` goes with: it finds the subjects itself. */
const TAKEN: ReadonlySet<string> = new Set(
  'url json help person everywhere issuer sub at until-lifted reason dry-run yes wait timeout idempotency-key'.split(
    ' ',
  ),
);

interface Found {
  readonly persons: readonly Json[];
  /** Providers that did not answer: the person may be there as well. */
  readonly unanswered: readonly Json[];
}

/**
 * Everything of one person. A name may mean somebody else, so it never hits the first that is found: who is meant is shown and
 * asked, and of several the operator chooses. The name is in no address, record or log; records have the subject alone.
 */
export async function killPerson(run: Run, query: string): Promise<ExitCode> {
  const { args } = run;
  const stray = [...Object.keys(args.texts), ...args.flags].find((name) => !TAKEN.has(name));
  if (stray !== undefined) throw usage(`--${stray} does not go with --person.`);
  const key = idempotencyKey(run);
  const answer = await run.service().json({ method: 'POST', path: '/v1/persons/search', json: { query } });
  const found = { persons: listOf(answer['persons']), unanswered: listOf(answer['unanswered']) };
  const chosen = choose(found, args);
  if (args.flags.has('dry-run')) return preview(run, chosen, found);
  await agree(run, chosen, found);
  return revoke(run, { chosen, found, key });
}

/** Byte for byte: it is to be one of those that were shown. */
function choose(found: Found, { texts: { issuer, sub }, flags }: Arguments): readonly Json[] {
  const chosen = found.persons.filter(
    (person) => (issuer ?? person['issuer']) === person['issuer'] && (sub ?? person['subject']) === person['subject'],
  );
  const problem = { candidates: found.persons, unanswered: found.unanswered };
  const shown = candidatesText(found);
  if (found.persons.length === 0)
    throw new Failure(EXIT.refused, `No identity provider knows such a person.\n${shown}`.trimEnd(), problem);
  if (chosen.length === 0)
    throw new Failure(EXIT.usage, `None of these has that --issuer and --sub.\n${shown}`.trimEnd(), problem);
  if (chosen.length === 1) return chosen;
  const isOneEach = new Set(chosen.map((person) => person['issuer'])).size === chosen.length;
  if (flags.has('everywhere') && isOneEach) return chosen;
  const advice = isOneEach
    ? 'One of them: --issuer. All, if they are one person: --everywhere.'
    : 'More than one at an issuer may be more than one person: choose by --issuer and --sub, one after the other.';
  throw new Failure(
    EXIT.usage,
    `${chosen.length} match, and nothing was revoked. ${advice}\n${shown}`.trimEnd(),
    problem,
  );
}

function candidatesText({ persons, unanswered }: Found): string {
  const rows = persons.map((one) => [
    ...[one['issuer'], one['subject'], one['username'], one['email'], one['name']],
    ...[one['enabled'] === false ? 'disabled' : '-', one['sessions']],
  ]);
  const head = ['ISSUER', 'SUB', 'USERNAME', 'EMAIL', 'NAME', 'STATE', 'SESSIONS'];
  return `${rows.length === 0 ? '' : table(head, rows)}${unanswered.map(unansweredText).join('')}`;
}

const unansweredText = ({ issuer, provider, because }: Json): string =>
  `warning: ${plain(provider)} of ${plain(issuer)} did not answer (${plain(because)}): the person may be there as well\n`;

const subjectsOf = (chosen: readonly Json[]): readonly Json[] =>
  chosen.map(({ issuer, subject }) => ({ issuer, sub: subject }));

async function preview(run: Run, chosen: readonly Json[], found: Found): Promise<ExitCode> {
  const previews: Json[] = [];
  for (const subject of subjectsOf(chosen)) {
    const json = { scope: 'subject', ...subject, ...circumstances(run.args) };
    previews.push(await run.service().json({ method: 'POST', path: '/v1/revocations/preview', json }));
  }
  const { unanswered } = found;
  print(run, { dryRun: true, persons: chosen, unanswered, previews }, () => {
    const planned = previews.map((one) => `\n${plannedText(one)}`).join('');
    return `Nothing was revoked. It would be:\n${candidatesText({ persons: chosen, unanswered })}${planned}`;
  });
  return unanswered.length === 0 ? EXIT.ok : EXIT.warning;
}

async function agree({ args, world }: Run, chosen: readonly Json[], { unanswered }: Found): Promise<void> {
  const shown = candidatesText({ persons: chosen, unanswered });
  if (args.flags.has('yes')) return;
  if (world.confirm === undefined)
    throw usage(
      `A name may mean somebody else, and nobody is here to ask. Look with --dry-run, then add --yes.\n${shown}`.trimEnd(),
    );
  world.err(shown);
  const what = chosen.length === 1 ? 'this person' : `this person at ${chosen.length} issuers`;
  if (!(await world.confirm(`Revoke every token of ${what}? Type yes: `)))
    throw new Failure(EXIT.usage, 'Not confirmed: nothing was revoked.');
}

interface Decided {
  readonly chosen: readonly Json[];
  readonly found: Found;
  readonly key: string;
}

async function revoke(run: Run, { chosen, found, key }: Decided): Promise<ExitCode> {
  const json = { subjects: subjectsOf(chosen), ...circumstances(run.args) };
  const headers = { 'idempotency-key': key, ...waitHeader(run) };
  const call = { method: 'POST', path: '/v1/persons/revoke', headers, json, repeatable: true } as const;
  const answer = await run
    .service()
    .json(call)
    .catch((error: unknown) => {
      throw withKey(error, key);
    });
  const rejected = listOf(answer['rejected']);
  print(run, { ...answer, unanswered: found.unanswered }, () => answerText(answer, rejected));
  if (!run.json) run.world.err(found.unanswered.map(unansweredText).join(''));
  if (rejected.length > 0) {
    run.world.err(`Repeat it with --idempotency-key ${key}: what was done keeps its one effect.\n`);
    return EXIT.failed;
  }
  if (run.args.flags.has('wait') && member(answer['propagation'], 'state') !== 'enforced') return EXIT.notEnforced;
  return found.unanswered.length === 0 ? EXIT.ok : EXIT.warning;
}

function answerText(answer: Json, rejected: readonly Json[]): string {
  const revocations = listOf(answer['revocations']);
  const records = revocations.map((one) => `${plain(one['issuer'])}\n${killedText(one)}`);
  const failed = rejected.map(({ issuer, code }) => `${plain(issuer)}\nNOT REVOKED: ${plain(code)}\n`);
  const proof = answer['propagation'];
  const [at, by] = ['enforcedAt', 'enforcedBy'].map((name) => member(proof, name));
  const since = at === undefined ? '' : ` since ${plain(at)}`;
  const latest = by === undefined ? '' : `, at the latest by ${plain(by)}`;
  const count = `${revocations.length} ${revocations.length === 1 ? 'revocation' : 'revocations'}`;
  return `${records.join('')}${failed.join('')}this person, ${count}: ${plain(member(proof, 'state'))}${since}${latest}\n`;
}
