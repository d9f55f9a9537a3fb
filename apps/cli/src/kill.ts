import { type Command, print, type Run } from './command.js';
import { EXIT, type ExitCode, Failure, usage } from './failure.js';
import { readText } from './input.js';
import { inWords, isWide, KILL_OPTIONS, type KillCommand, killCommand } from './kill-command.js';
import { killPerson } from './kill-person.js';
import {
  idempotencyKey,
  killedText,
  plannedText,
  WAIT_SECONDS_DEFAULT,
  WAIT_SECONDS_MAX,
  waitHeader,
  waitSeconds,
  withKey,
} from './kill-steps.js';
import { isEnforced, proofText } from './proof.js';
import { isJson, type Json, listOf, member, plain } from './text.js';

export const kill: Command = {
  summary: 'revoke: by user, person, device, session, token, client, key or issuer',
  help: `--issuer ISS and one of
  --sub SUB                 every token of a user from before now
  --device ID               every token of a device from before now
  --session SID             a session, refreshed tokens too
  --jti JTI                 one token by its id
  --token-file FILE|-       one token: it is read from a file or stdin
  --client ID               every token of a client from before now (asks first)
  --sub SUB --client ID     one client of one user
  --kid KID, --thumbprint T every token signed by a key (asks first)
  --scope issuer            every token of the issuer (asks first)
or
  --person NAME|EMAIL       whom the identity providers know by it (asks first);
                            of several nobody is hit: choose one by --issuer
                            or --sub, or take the person at each issuer with
  --everywhere              one revocation for each, and one proof
and if need be
  --at TIME                 when it happened (RFC 3339), instead of now
  --issued-before TIME      tokens issued strictly before, instead of now
  --until-lifted            whatever the times of the token, until lifted
  --except-client ID        not the tokens of this client (key, issuer; repeatable)
  --spread 10m              one user after the other (client, key, issuer; to 24h)
  --older-nodes-refuse-more go ahead though older nodes spare nobody
  --reason TEXT             for the audit; it stays in the service
  --dry-run                 show what it would hit; nothing is revoked
  --yes                     do not ask before a wide scope or a person
  --wait                    wait until it is enforced on every node
  --timeout SECONDS         how long, 1 to ${WAIT_SECONDS_MAX} (default ${WAIT_SECONDS_DEFAULT})
  --idempotency-key KEY     repeat with the same key: one effect`,
  options: KILL_OPTIONS,
  run: async (run) => {
    const { args, world } = run;
    const path = args.texts['token-file'];
    waitSeconds(run);
    if (args.texts['person'] !== undefined) return killPerson(run, args.texts['person']);
    if (args.flags.has('everywhere')) throw usage('--everywhere goes with --person.');
    const service = run.service();
    const command = killCommand(args, path && (await readText(path, world, '--token-file')));
    if (args.flags.has('dry-run')) return preview(run, command);
    await agree(run, command);
    const key = idempotencyKey(run);
    try {
      const call = { path: '/v1/revocations', headers: { 'idempotency-key': key, ...waitHeader(run) } };
      return await proven(run, await service.json({ method: 'POST', ...call, json: command, repeatable: true }));
    } catch (error) {
      throw withKey(error, key);
    }
  },
};

export const lift: Command = {
  summary: 'take a revocation back',
  help: `ID
  --reason TEXT             for the audit; it stays in the service
  --wait                    wait until every node has applied it
  --timeout SECONDS         how long, 1 to ${WAIT_SECONDS_MAX} (default ${WAIT_SECONDS_DEFAULT})`,
  options: { reason: 'string', wait: 'boolean', timeout: 'string' },
  positionalsMax: 1,
  run: async (run) => {
    const { reason } = run.args.texts;
    const path = `/v1/revocations/${idOf(run)}/lift`;
    const json = reason === undefined ? {} : { reason };
    const answer = await run.service().json({ method: 'POST', path, headers: waitHeader(run), json, repeatable: true });
    const lifted = member(answer, 'lift');
    const left = listOf(answer['left']);
    print(run, answer, () => {
      const proof = isJson(lifted) ? proofText(lifted['propagation']).replace(/^enforced/, 'lifted') : '';
      const still = left.map(
        (one) => `still in force for the same key: ${plain(one['id'])} (${plain(one['effect'])})\n`,
      );
      return `${plain(answer['id'])} ${plain(answer['state'])}\n${proof}${still.join('')}`;
    });
    if (!run.args.flags.has('wait')) return EXIT.ok;
    return isJson(lifted) && !isEnforced(lifted) ? EXIT.notEnforced : EXIT.ok;
  },
};

/** The id of the path: nothing of it may become another path. The second revocation of a command has a dot in its id. */
export function idOf({ args }: Run): string {
  const [id] = args.positionals;
  if (id === undefined) throw usage('Give the id of a revocation; revocast list shows them.');
  if (!/^[\w-][\w.-]{0,127}$/.test(id)) throw usage('That is no id of a revocation; revocast list shows them.');
  return id;
}

async function preview(run: Run, command: KillCommand): Promise<ExitCode> {
  const answer = await run.service().json({ method: 'POST', path: '/v1/revocations/preview', json: command });
  print(run, answer, () => `Nothing was revoked. It would be:\n${plannedText(answer)}`);
  return EXIT.ok;
}

async function agree({ args, world }: Run, command: KillCommand): Promise<void> {
  if (!isWide(command) || args.flags.has('yes')) return;
  if (world.confirm === undefined)
    throw usage(`The scope ${command.scope} is wide, and nobody is here to ask. Look with --dry-run, then add --yes.`);
  if (!(await world.confirm(`Revoke ${inWords(command)}? Type yes: `)))
    throw new Failure(EXIT.usage, 'Not confirmed: nothing was revoked.');
}

/** A deactivation makes two revocations: the proof is of both, and the answer holds that of the first. */
async function proven(run: Run, answer: Json): Promise<ExitCode> {
  const ids = Array.isArray(answer['alongside']) ? answer['alongside'].filter((id) => typeof id === 'string') : [];
  const others: Json[] = [];
  for (const id of ids) others.push(await run.service().json({ path: `/v1/revocations/${encodeURIComponent(id)}` }));
  const all = [answer, ...others];
  print(run, answer, () => all.map(killedText).join(''));
  return !run.args.flags.has('wait') || all.every(isEnforced) ? EXIT.ok : EXIT.notEnforced;
}
