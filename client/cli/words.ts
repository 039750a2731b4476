/**
 * The words of a command line, told apart by the table of a command.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type CommandSpec, optionsOf, type OptionSpec } from "./command.ts";
import { nearest } from "./nearest.ts";

/** The words of a command line are wrong: exit code 64. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The words of one command, checked against its options. */
export class Words {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  /** What is no option. */
  readonly operands: readonly string[];
  /** What stands after `--`; undefined without one. */
  readonly tail: readonly string[] | undefined;

  constructor(
    values: ReadonlyMap<string, readonly string[]>,
    operands: readonly string[],
    tail: readonly string[] | undefined,
  ) {
    this.#values = values;
    this.operands = operands;
    this.tail = tail;
  }

  /** The value of an option, the last one of several; undefined when it was not given. */
  text(option: string): string | undefined {
    return this.#values.get(option)?.at(-1);
  }

  /** All values of an option. */
  texts(option: string): readonly string[] {
    return this.#values.get(option) ?? [];
  }

  /** Whether a switch was given. */
  has(option: string): boolean {
    return this.#values.has(option);
  }
}

/**
 * Tells options, operands and the tail apart.
 *
 * @throws {UsageError} for an option that the command has not, or that lacks its value or has one too many.
 */
export function readWords(args: readonly string[], spec: CommandSpec): Words {
  const end = args.indexOf("--");
  const options = optionsOf(spec);
  const { tokens } = parseArgs({
    args: end < 0 ? [...args] : args.slice(0, end),
    options: Object.fromEntries(options.map(({ name, short, value }) => [name, {
      type: value === undefined ? "boolean" : "string",
      ...(short === undefined ? {} : { short }),
    }])),
    // Not strict: its messages are not ours, and know no likely meaning. The tokens tell all.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const option = options.find(({ name }) => name === token.name);
    if (option === undefined) throw unknownOption(token.rawName, spec.name, options);
    checkValue(option, token);
    const before = values.get(option.name) ?? [];
    if (before.length > 0 && option.value !== undefined && !option.repeats) {
      throw new UsageError(`Cannot use ${token.rawName} twice: once is the most`);
    }
    values.set(option.name, [...before, token.value ?? ""]);
  }
  return new Words(values, operands, end < 0 ? undefined : args.slice(end + 1));
}

/**
 * The only operand.
 *
 * @throws {UsageError} when there is none, or more.
 */
export function onlyOperand({ operands }: Words, verb: string, what: string): string {
  const [operand, ...others] = operands;
  if (operand === undefined || operand === "" || others.length > 0) {
    throw new UsageError(`Cannot ${verb}: one ${what} is needed`);
  }
  return operand;
}

/**
 * Makes sure that there is no operand.
 *
 * @throws {UsageError} when there is one.
 */
export function noOperand({ operands: [operand] }: Words, verb: string): void {
  if (operand !== undefined) throw new UsageError(`Cannot ${verb} ${operand}: no word is needed`);
}

interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkValue(option: OptionSpec, { rawName, value, inlineValue }: OptionToken): void {
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`Cannot use ${rawName}=${value}: it takes no value`);
    return;
  }
  // "--reason --server x" is a forgotten value; "--reason=--server" can still say that.
  const isForgotten = value === undefined || (inlineValue === false && value.startsWith("--"));
  if (isForgotten) throw new UsageError(`Cannot use ${rawName} without a value: want ${option.value}`);
}

function unknownOption(rawName: string, command: string, options: readonly OptionSpec[]): UsageError {
  const known = options.flatMap(({ name, short }) => [`--${name}`, ...(short ? [`-${short}`] : [])]);
  const meant = nearest(rawName, known.filter((name) => name.startsWith("--")));
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  return new UsageError(`Cannot use ${rawName}: ${command} has no such option${hint}`);
}
