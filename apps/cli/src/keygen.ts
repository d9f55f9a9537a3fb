import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, print, type Run } from './command.js';
import { EXIT, type ExitCode, Failure, usage } from './failure.js';
import { plain, table } from './text.js';

interface Made {
  readonly file: string;
  /** The setting that takes the path of the file, and whose it is. */
  readonly setting: string;
  readonly of: string;
  readonly text: string;
}

/** What belongs together: a signing key without its public half, or a key without its digest, is good for nothing. */
const PARTS = ['signing', 'hash', 'api'] as const;
type Part = (typeof PARTS)[number];

const document = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function signingKey(kid: string): readonly Made[] {
  const { d, x } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const shared = { kty: 'OKP', crv: 'Ed25519', kid, alg: 'EdDSA', use: 'sig', x };
  return [
    made('record-signing.jwk.json', 'REVOCAST_SIGNING_KEY', 'service', document({ ...shared, d })),
    made('record-keys.jwks.json', 'REVOCAST_RECORD_KEYS', 'service and nodes', document({ keys: [shared] })),
  ];
}

const hashKey = (): readonly Made[] => [
  made('hash-key', 'REVOCAST_HASH_KEY_FILE', 'service', `${randomBytes(16).toString('hex')}\n`),
];

function apiKey(name: string, key: string): readonly Made[] {
  const sha256 = createHash('sha256').update(key).digest('hex');
  return [
    made('api-key', 'REVOCAST_API_KEY_FILE', 'revocast', `${key}\n`),
    made('api-keys.json', 'REVOCAST_API_KEYS', 'service', document([{ name, sha256, verbs: ['read', 'write'] }])),
  ];
}

const made = (file: string, setting: string, of: string, text: string): Made => ({ file, setting, of, text });

export const keygen: Command = {
  summary: 'make the keys and secrets of a deployment, as files',
  help: `DIR
  --only PART               signing, hash or api instead of all of them
  --kid KID                 name of the signing key (default records-1); each
                            key of a rotation has its own
  --operator NAME           whose the API key is, for the audit (default operator)
  --print                   print the new API key as well
  --force                   replace files that are there (asks first)
  --yes                     do not ask
  --dry-run                 show which files; nothing is made`,
  options: {
    ...{ only: 'string', kid: 'string', operator: 'string', print: 'boolean', force: 'boolean' },
    ...{ yes: 'boolean', 'dry-run': 'boolean' },
  },
  values: { only: PARTS },
  positionals: 'file',
  positionalsMax: 1,
  run: async (run) => {
    const { args, world } = run;
    const [dir] = args.positionals;
    if (dir === undefined) throw usage('Name the folder that the files go to.');
    const secret = `rvk_${randomBytes(24).toString('base64url')}`;
    const files = filesOf(run, secret);
    const there = files.filter(({ file }) => exists(join(dir, file)));
    if (args.flags.has('dry-run')) return report(run, { dir, files, there, written: false });
    await agree(run, there);
    write(dir, files, args.flags.has('force'));
    const shown = args.flags.has('print') && files.some(({ file }) => file === 'api-key') ? secret : undefined;
    if (there.length > 0) world.err('Whatever still has the old ones works no longer with what has the new ones.\n');
    return report(run, { dir, files, there, written: true, ...(shown !== undefined && { apiKey: shown }) });
  },
};

function filesOf({ args: { texts } }: Run, secret: string): readonly Made[] {
  const { only, kid = 'records-1', operator = 'operator' } = texts;
  if (only !== undefined && !PARTS.some((part) => part === only)) throw usage(`--only is one of ${PARTS.join(', ')}.`);
  if (!/^[A-Za-z0-9._~-]{1,64}$/.test(kid)) throw usage('--kid is to be 1 to 64 characters A-Z a-z 0-9 . _ ~ -');
  if (!/^[\x20-\x7e]{1,64}$/.test(operator)) throw usage('--operator is to be 1 to 64 visible ASCII characters.');
  const makers: Readonly<Record<Part, () => readonly Made[]>> = {
    signing: () => signingKey(kid),
    hash: hashKey,
    api: () => apiKey(operator, secret),
  };
  return PARTS.filter((part) => only === undefined || part === only).flatMap((part) => makers[part]());
}

/** A link that leads nowhere is there, too. */
const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

async function agree({ args, world }: Run, there: readonly Made[]): Promise<void> {
  if (there.length === 0) return;
  const names = there.map(({ file }) => file).join(', ');
  if (!args.flags.has('force'))
    throw usage(`Nothing was written, for these are there: ${names}. Another folder, or --force to replace them.`);
  if (args.flags.has('yes')) return;
  // The hash key is one for the whole life of a deployment; replaced by mistake it cannot be had back.
  if (world.confirm === undefined) throw usage(`Nobody is here to ask whether to replace ${names}: add --yes.`);
  if (!(await world.confirm(`Replace ${names}? What they hold is lost. Type yes: `)))
    throw new Failure(EXIT.usage, 'Not confirmed: nothing was written.');
}

/**
 * All are written beside before any takes its place, so that a full disk leaves no half set. A link, unlike a rename, fails
 * where a file is: whoever made one since we looked keeps it.
 */
function write(dir: string, files: readonly Made[], force: boolean): void {
  const scratch = join(dir, `.keygen-${process.pid}`);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    mkdirSync(scratch, { mode: 0o700 });
    for (const { file, text } of files) {
      writeFileSync(join(scratch, file), text, { mode: 0o600, flag: 'wx' });
      chmodSync(join(scratch, file), 0o600);
    }
    for (const { file } of files) (force ? renameSync : linkSync)(join(scratch, file), join(dir, file));
  } catch {
    throw new Failure(EXIT.failed, 'The files cannot be written there; look which are, before you use any.');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Outcome {
  readonly dir: string;
  readonly files: readonly Made[];
  readonly there: readonly Made[];
  readonly written: boolean;
  readonly apiKey?: string;
}

function report(run: Run, { dir, files, there, written, apiKey: key }: Outcome): ExitCode {
  const rows = files.map((one) => ({
    path: join(dir, one.file),
    setting: one.setting,
    of: one.of,
    replaces: there.includes(one),
  }));
  print(run, { written, files: rows, ...(key !== undefined && { apiKey: key }) }, () => {
    const shown = rows.map(({ path, setting, of, replaces }) => [path, setting, of, replaces ? 'replaces one' : '']);
    const head = written ? '' : 'Nothing was written. It would be:\n';
    return `${head}${table(['FILE', 'SETTING', 'OF', ''], shown)}${key === undefined ? '' : `API key: ${plain(key)}\n`}`;
  });
  return EXIT.ok;
}
