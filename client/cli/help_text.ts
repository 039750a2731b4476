/**
 * Help, made from the tables of the commands.
 *
 * @module
 */
import { type CommandSpec, optionsOf, type OptionSpec } from "./command.ts";

/** Width of a terminal that nobody made wider. */
const WIDTH = 80;
const LEFT_MAX = 24;

/** Help of one command. */
export function commandHelp(spec: CommandSpec): string {
  const parts = [
    `Usage: distrilock ${spec.name} ${spec.operands}`.trimEnd() + " [OPTION…]".repeat(takesOptions(spec)),
    ...spec.about.split("\n\n").map((paragraph) => wrap(paragraph, WIDTH).join("\n")),
    ["Options", ...optionsOf(spec).flatMap(optionLines)].join("\n"),
    ...spec.examples.length === 0 ? [] : [
      [
        "Examples",
        ...spec.examples.flatMap(([line, purpose]) => [`  # ${purpose}`, `  ${line}`]),
      ].join("\n"),
    ],
  ];
  return parts.join("\n\n") + "\n";
}

/** Help of the whole program. */
export function programHelp(commands: readonly CommandSpec[], missing: readonly string[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`);
  const note = missing.length === 0 ? "" : wrap(
    `This is the client alone: ${missing.join(", ")} come with the whole program, see its README.`,
    WIDTH,
  )
    .join("\n") + "\n\n";
  return `Usage: distrilock [COMMAND] [OPTION…]

Commands
${lines.join("\n")}

  -h, --help  print this text; COMMAND --help tells more
  --version   print the version

${note}Exit codes of the client commands: 0 done, 64 wrong usage, 69 no daemon could be
reached, 75 lock not acquired, 76 lock lost, 77 denied; lock ends as its command
does, 126 when it cannot be run, 127 when there is none, 128+n after signal n.
`;
}

/** An option as help shows it on the left: `-w, --wait TIME`. */
export function optionHead({ name, short, value }: OptionSpec): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

function takesOptions({ operands }: CommandSpec): 0 | 1 {
  return operands.includes("[OPTION…]") ? 0 : 1;
}

function optionLines(option: OptionSpec): string[] {
  const head = optionHead(option);
  const lines = wrap(option.help, WIDTH - LEFT_MAX - 2);
  const first = head.length > LEFT_MAX - 2 ? [head] : [];
  return [...first, ...lines].map((line, index) => {
    if (first.length > 0 && index === 0) return `  ${line}`;
    const left = index === 0 && first.length === 0 ? head : "";
    return `  ${left.padEnd(LEFT_MAX)}${line}`;
  });
}

/** Lines of at most so many characters, broken between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
