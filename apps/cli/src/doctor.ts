import { type Command, print } from './command.js';
import { EXIT, type ExitCode } from './failure.js';
import { type Json, listOf, plain } from './text.js';

/** A clock of this host that is off by more than this, beyond what the way to the service explains. Milliseconds. */
const CLOCK_MS_MAX = 2_000;

const EXITS: Readonly<Record<string, ExitCode>> = { ok: EXIT.ok, warning: EXIT.warning, failure: EXIT.failed };
const RANKS = ['ok', 'warning', 'failure'];

export const doctor: Command = {
  summary: 'what is wrong in service, broker and fleet, and what to do',
  help: `
  --strict                  a warning ends with 1, like a failure
Exit: 0 all well, ${EXIT.warning} a warning at worst, 1 a failure.`,
  options: { strict: 'boolean' },
  run: async (run) => {
    const { world, args } = run;
    const from = world.now();
    const answer = await run.service().json({ path: '/v1/diagnosis' });
    const findings = [...listOf(answer['findings']), ownClock(answer, [from, world.now()])];
    const rank = Math.max(...findings.map(({ level }) => rankOf(level)));
    const worst = RANKS[rank] ?? 'failure';
    print(run, { ...answer, findings, worst }, () => findingsText(findings));
    const exit = EXITS[worst] ?? EXIT.failed;
    return exit === EXIT.warning && args.flags.has('strict') ? EXIT.failed : exit;
  },
};

/** A level that this version does not know is taken for the worst. */
const rankOf = (level: unknown): number => {
  const rank = RANKS.findIndex((name) => name === level);
  return rank < 0 ? RANKS.length - 1 : rank;
};

/** The service read its clock between our two readings; whatever that cannot explain is a difference. */
function ownClock(answer: Json, [from, to]: readonly [number, number]): Json {
  const at = Date.parse(String(answer['at']));
  const off = at < from ? at - from : Math.max(0, at - to);
  const code = 'clocks.cli';
  if (Number.isNaN(at))
    return { code, level: 'failure', seen: 'The service tells no time.', todo: 'Update the service.' };
  if (Math.abs(off) <= CLOCK_MS_MAX) return { code, level: 'ok', seen: 'This host and the service agree.', todo: '' };
  return {
    code,
    level: 'warning',
    seen: `The service is ${Math.round(Math.abs(off) / 1000)} s ${off > 0 ? 'ahead of' : 'behind'} this host.`,
    todo: 'Let NTP set both clocks: what you write with --at counts by that of the service.',
  };
}

export const findingsText = (findings: readonly Json[]): string =>
  [...findings]
    .sort((a, b) => rankOf(b['level']) - rankOf(a['level']))
    .map(({ code, level, seen, todo }) => {
      const head = `${plain(level).padEnd(7)}  ${plain(code)}: ${plain(seen)}\n`;
      return todo === '' || todo === undefined ? head : `${head}         -> ${plain(todo)}\n`;
    })
    .join('');
