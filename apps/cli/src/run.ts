import { readArguments } from './arguments.js';
import { type Commands } from './command.js';
import { completion } from './completion.js';
import { doctor } from './doctor.js';
import { drill } from './drill.js';
import { EXIT, type ExitCode, Failure, usage } from './failure.js';
import { importCommand } from './import.js';
import { keygen } from './keygen.js';
import { kill, lift } from './kill.js';
import { list, nodes, show, status } from './read-commands.js';
import { Service } from './service.js';
import { tokenInspect } from './token-inspect.js';
import { watch } from './watch.js';
import { type World } from './world.js';

export const COMMANDS: Commands = new Map([
  ['kill', kill],
  ['lift', lift],
  ['list', list],
  ['show', show],
  ['nodes', nodes],
  ['status', status],
  ['doctor', doctor],
  ['drill', drill],
  ['watch', watch],
  ['token inspect', tokenInspect],
  ['import', importCommand],
  ['keygen', keygen],
  ['completion', completion(() => COMMANDS)],
]);

const EVERYWHERE = `
Every command takes
  --url URL                 the service (or REVOCAST_URL)
  --json                    JSON on stdout and nothing else
  --help
The API key: REVOCAST_API_KEY, or a file named by REVOCAST_API_KEY_FILE.
Exit: 0 done, 1 failed, 2 usage, 3 not enforced in time, 4 refused,
      5 unreachable or not able now, 6 done with a warning, 130 interrupted.
`;

const overview = (): string => {
  const lines = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(15)} ${summary}\n`);
  return `revocast COMMAND [options]\n\n${lines.join('')}${EVERYWHERE}`;
};

/** Runs one command line, from arguments to exit code. */
export async function run(argv: readonly string[], world: World): Promise<ExitCode> {
  try {
    return await runCommand(argv, world);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const asJson = argv.includes('--json') && error.problem !== undefined;
    world.err(asJson ? `${JSON.stringify(error.problem)}\n` : `revocast: ${error.message}\n`);
    // Whatever else an interrupted command fails with is a consequence.
    return world.signal.aborted ? EXIT.interrupted : error.exit;
  }
}

async function runCommand(argv: readonly string[], world: World): Promise<ExitCode> {
  const words = COMMANDS.has(argv.slice(0, 2).join(' ')) ? 2 : 1;
  const name = argv.slice(0, words).join(' ');
  const command = COMMANDS.get(name);
  if (command === undefined) {
    if (argv.length === 1 && argv[0] === '--help') {
      world.out(overview());
      return EXIT.ok;
    }
    throw usage(`There is no such command.\n\n${overview()}`);
  }
  const rest = argv.slice(words);
  if (rest.includes('--help')) {
    world.out(`revocast ${name} ${command.help.trimEnd()}\n\n${command.summary}\n${EVERYWHERE}`);
    return EXIT.ok;
  }
  const args = readArguments(rest, command.options, command.positionalsMax);
  const service = (): Service => new Service(world, args.texts['url']);
  return command.run({ args, json: args.flags.has('json'), world, service });
}
