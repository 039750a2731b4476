/**
 * `distrilock completion`: what a shell needs to complete the words of the command line.
 *
 * Sources: bash(1) "Programmable Completion", zshcompsys(1), fish complete(1).
 *
 * @module
 */
import { type Command, type CommandSpec, optionsOf, type OptionSpec } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { printData } from "./output.ts";
import { UsageError, type Words } from "./words.ts";

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** The command `completion`, for a program with these other commands. */
export function completionCommand(others: readonly CommandSpec[]): Command {
  const spec: CommandSpec = {
    name: "completion",
    operands: "bash|zsh|fish",
    summary: "print what a shell needs to complete words",
    about: "Prints a script for a shell, which then completes commands, options and their values.",
    options: [],
    examples: [
      ['eval "$(distrilock completion bash)"', "in ~/.bashrc"],
      ["distrilock completion zsh >~/.zfunc/_distrilock", "in a directory of fpath"],
      ["distrilock completion fish >~/.config/fish/completions/distrilock.fish", "for fish"],
    ],
  };
  const run = async ({ operands: [shell = "", ...more] }: Words) => {
    if (!isShell(shell) || more.length > 0) {
      throw new UsageError(
        `Cannot complete for ${shell || "no shell"}: want one of ${Object.keys(SHELLS).join(" ")}`,
      );
    }
    await printData(SHELLS[shell]([...others, spec]));
    return EXIT_CODES.ok;
  };
  return { ...spec, run };
}

function isShell(text: string): text is keyof typeof SHELLS {
  return Object.hasOwn(SHELLS, text);
}

function bashScript(commands: readonly CommandSpec[]): string {
  const options = (spec: CommandSpec) => optionsOf(spec).map(({ name }) => `--${name}`).join(" ");
  const words = commands.map((spec) => `    ${spec.name}) words='${options(spec)}' ;;`);
  const values = distinctOptions(commands).filter(({ value }) => value !== undefined).map((option) => {
    const reply = option.isPath
      ? 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$word"))'
      : `COMPREPLY=($(compgen -W '${(option.choices ?? []).join(" ")}' -- "$word"))`;
    return `    ${optionNames(option).join("|")}) ${reply}; return ;;`;
  });
  return `# bash completion for distrilock
_distrilock() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words index
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(" ")} --help --version' -- "$word"))
    return
  fi
  # After -- the words are those of another command.
  for ((index = 2; index < COMP_CWORD; index++)); do
    if [ "\${COMP_WORDS[index]}" = -- ]; then
      if declare -F _comp_command_offset >/dev/null; then _comp_command_offset $((index + 1))
      elif declare -F _command_offset >/dev/null; then _command_offset $((index + 1))
      else compopt -o default; fi
      return
    fi
  done
  case $before in
${values.join("\n")}
  esac
  case $command in
${words.join("\n")}
  esac
  if [ "$command" = completion ]; then words="$words ${Object.keys(SHELLS).join(" ")}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _distrilock distrilock
`;
}

function zshScript(commands: readonly CommandSpec[]): string {
  const names = commands.map(({ name, summary }) => `    ${zshQuoted(`${name}:${summary}`)}`);
  const cases = commands.map((spec) => {
    const rest = spec.name === "lock"
      ? ["'*:: :_distrilock_tail'"]
      : spec.name === "completion"
      ? [`'1:shell:(${Object.keys(SHELLS).join(" ")})'`]
      : [];
    const lines = [...optionsOf(spec).flatMap(zshOptions), ...rest];
    return `    ${spec.name})\n      _arguments -S ${lines.join(" \\\n        ")} ;;`;
  });
  return `#compdef distrilock
# zsh completion for distrilock
_distrilock_tail() {
  local at=\${words[(ie)--]}
  if (( at < CURRENT )); then
    shift $at words
    (( CURRENT -= at ))
    _normal
  fi
}
_distrilock() {
  local -a commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = _distrilock ]; then _distrilock "$@"; else compdef _distrilock distrilock; fi
`;
}

function fishScript(commands: readonly CommandSpec[]): string {
  const names = commands.map(({ name, summary }) =>
    `complete -c distrilock -n __fish_use_subcommand -x -a ${name} -d ${fishQuoted(summary)}`
  );
  const options = commands.flatMap((spec) =>
    optionsOf(spec).map((option) => {
      const value = option.value === undefined
        ? ""
        : option.isPath
        ? " -r -F"
        : ` -x${option.choices ? ` -a ${fishQuoted(option.choices.join(" "))}` : ""}`;
      const short = option.short === undefined ? "" : ` -s ${option.short}`;
      return `complete -c distrilock -n '__fish_seen_subcommand_from ${spec.name}'${short} -l ${option.name}${value} -d ${
        fishQuoted(option.help)
      }`;
    })
  );
  const shells = Object.keys(SHELLS).join(" ");
  return [
    "# fish completion for distrilock",
    "complete -c distrilock -f",
    ...names,
    ...options,
    `complete -c distrilock -n '__fish_seen_subcommand_from completion' -x -a '${shells}'`,
    "complete -c distrilock -n '__fish_seen_subcommand_from lock; and contains -- -- (commandline -opc)' -x -a '(__fish_complete_subcommand --fcs-skip=2)'",
    "",
  ].join("\n");
}

/** Each option once; of one that takes other values elsewhere, all of them. */
function distinctOptions(commands: readonly CommandSpec[]): readonly OptionSpec[] {
  const options = new Map<string, OptionSpec>();
  for (const option of commands.flatMap(optionsOf)) {
    const choices = new Set([...options.get(option.name)?.choices ?? [], ...option.choices ?? []]);
    options.set(option.name, choices.size === 0 ? option : { ...option, choices: [...choices] });
  }
  return [...options.values()];
}

function optionNames({ name, short }: OptionSpec): readonly string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

function zshOptions(option: OptionSpec): readonly string[] {
  const help = option.help.replaceAll(/[[\]:]/g, (sign) => `\\${sign}`);
  const value = option.value === undefined
    ? ""
    : `:${option.value}:${option.isPath ? "_files" : option.choices ? `(${option.choices.join(" ")})` : ""}`;
  const many = option.repeats ? "*" : "";
  return optionNames(option).map((name) => zshQuoted(`${many}${name}[${help}]${value}`));
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
