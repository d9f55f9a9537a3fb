import { type Command, type Commands } from './command.js';
import { COMMON, type OptionKind } from './arguments.js';
import { EXIT, usage } from './failure.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Scripts are made of the table of commands, so what they offer is what there is. */
export const completion = (commands: () => Commands): Command => ({
  summary: 'print the completion script of a shell',
  help: `bash|zsh|fish
  bash: source <(revocast completion bash), in ~/.bashrc
  zsh:  revocast completion zsh > a folder of $fpath, named _revocast
  fish: revocast completion fish > ~/.config/fish/completions/revocast.fish`,
  options: {},
  positionals: SHELLS,
  positionalsMax: 1,
  run: ({ args, world }) => {
    const shell = SHELLS.find((one) => one === args.positionals[0]);
    if (shell === undefined) throw usage(`Name the shell: ${SHELLS.join(', ')}.`);
    world.out(completionScript(shell, commands()));
    return Promise.resolve(EXIT.ok);
  },
});

export const completionScript = (shell: Shell, commands: Commands): string => SCRIPTS[shell](commands);

const optionsOf = ({ options }: Command): readonly (readonly [string, OptionKind])[] =>
  Object.entries({ ...options, ...COMMON });
const wordsOf = ({ positionals }: Command): readonly string[] =>
  positionals === undefined || positionals === 'file' ? [] : positionals;
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const firstWords = (commands: Commands): readonly string[] => [
  ...new Set([...commands.keys()].map((name) => name.split(' ')[0] ?? '')),
];
const secondWords = (commands: Commands, first: string): readonly string[] =>
  [...commands.keys()].flatMap((name) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []));
const groups = (commands: Commands): readonly string[] => firstWords(commands).filter((word) => !commands.has(word));

/** The function that bash calls on Tab. */
function words(commands: Commands, name: string): string {
  const arms = [...commands].map(([name, command]) => {
    const options = optionsOf(command);
    const texts = options.filter(([, kind]) => kind !== 'boolean').map(([option]) => `--${option}`);
    return `    ${quoted(name)}) options=${quoted(options.map(([option]) => `--${option}`).join(' '))} texts=${quoted(texts.join(' '))} words=${quoted(wordsOf(command).join(' '))};;\n`;
  });
  const values = valueArms(commands).map(
    ([name, option, all]) => `    ${quoted(`${name} --${option}`)}) words=${quoted(all)};;\n`,
  );
  return `${name}() {
  local name=\${COMP_WORDS[1]} options= texts= words= current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # --state=li comes cut before and after the sign.
  if [[ $current == = ]]; then current=
  elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if ((COMP_CWORD == 1)); then words=${quoted(firstWords(commands).join(' '))}
  else
    case $name in
${groups(commands)
  .map(
    (group) =>
      `      ${quoted(group)}) if ((COMP_CWORD == 2)); then COMPREPLY=($(compgen -W ${quoted(secondWords(commands, group).join(' '))} -- "$current")); return; fi; name="$name \${COMP_WORDS[2]}";;\n`,
  )
  .join('')}    esac
    case $name in
${arms.join('')}    esac
    if [[ " $texts " == *" $before "* ]]; then
      words=
      case "$name $before" in
${values.join('')}      esac
    elif [[ $current == -* ]]; then words=$options
    fi
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
`;
}

const bash = (commands: Commands): string => `# made by: revocast completion bash
${words(commands, '_revocast')}complete -o default -F _revocast revocast
`;

/** Options with a closed list of values. */
const valueArms = (commands: Commands): readonly (readonly [string, string, string])[] =>
  [...commands].flatMap(([name, { values = {} }]) =>
    Object.entries(values).map(([option, all]) => [name, option, all.join(' ')] as const),
  );

/**
 * zsh runs the function of bash by its own means, so there is one to keep right; the word is cut as bash does before. The file is
 * itself what zsh calls on Tab, so the function within has another name.
 */
const zsh = (commands: Commands): string => `#compdef revocast
# made by: revocast completion zsh
autoload -U +X bashcompinit && bashcompinit
${words(commands, '_revocast_words')}if compset -P '--[a-z-]##='; then
  words[CURRENT]=("\${IPREFIX%=}" '=' "$PREFIX$SUFFIX")
  ((CURRENT += 2))
fi
_bash_complete -o default -F _revocast_words
`;

function fish(commands: Commands): string {
  const given = (words: readonly string[]): string => `__fish_seen_subcommand_from ${words.join(' ')}`;
  const lines = [...commands].flatMap(([name, command]) => {
    const words = name.split(' ');
    const [first = '', second] = words;
    const when = second === undefined ? given([first]) : `${given([first])}; and ${given([second])}`;
    const start =
      second === undefined
        ? `complete -c revocast -n __fish_use_subcommand -a ${first} -d ${fishQuoted(command.summary)}`
        : `complete -c revocast -n ${fishQuoted(`${given([first])}; and not ${given([second])}`)} -a ${second} -d ${fishQuoted(command.summary)}`;
    const options = optionsOf(command).map(([option, kind]) => {
      const all = command.values?.[option];
      const takes = kind !== 'boolean' ? ` -r${all === undefined ? '' : ` -f -a ${fishQuoted(all.join(' '))}`}` : '';
      return `complete -c revocast -n ${fishQuoted(when)} -l ${option}${takes}`;
    });
    const own = wordsOf(command);
    return [
      start,
      ...options,
      ...(own.length > 0 ? [`complete -c revocast -n ${fishQuoted(when)} -f -a ${fishQuoted(own.join(' '))}`] : []),
    ];
  });
  const starts = groups(commands).map((group) => `complete -c revocast -n __fish_use_subcommand -a ${group}`);
  return `# made by: revocast completion fish\ncomplete -c revocast -n __fish_use_subcommand -f\n${[...starts, ...lines].join('\n')}\n`;
}
const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;

const SCRIPTS: Readonly<Record<Shell, (commands: Commands) => string>> = { bash, zsh, fish };
