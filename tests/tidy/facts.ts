/**
 * What the tidy checks want to know of a TypeScript file, read from its syntax tree: comments and strings
 * cannot deceive it. The parser is that of `deno lint`, which a plugin may use inside of `deno test`.
 *
 * Source: https://docs.deno.com/runtime/reference/lint_plugins/
 *
 * @module
 */

/** Something with a line, counted from 1. */
export interface Found<T> {
  readonly what: T;
  readonly line: number;
}

/** A function, method or accessor; of a callback, with the call that it is given to. */
export interface FunctionFact {
  readonly name: string;
  readonly lines: number;
}

/** What there is in one file. */
export interface Facts {
  /** Module specifiers of imports, re-exports, dynamic imports and import types. */
  readonly imports: readonly (Found<string> & { readonly onlyTypes: boolean })[];
  readonly functions: readonly Found<FunctionFact>[];
  /**
   * What somebody may want to ban: free identifiers (`Deno`), one member of them (`Date.now`), and
   * constructs, in words that no identifier can be (`async function`, `await …`, `the type any`, `enum`,
   * `declared namespace`, `export default`, `new Date()`, `.only`).
   */
  readonly words: readonly Found<string>[];
  /**
   * Texts that may name a test: all but those that are a later argument of a call, such as the message of an
   * assertion.
   */
  readonly names: readonly Found<string>[];
}

type Node = Deno.lint.Node;
type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

/** Reads a file. Throws when it is no TypeScript. */
export function readFacts(path: string, text: string): Facts {
  const reader = new FactReader(text);
  const rules = { facts: { create: () => reader.visitor() } };
  try {
    Deno.lint.runPlugin({ name: "tidy", rules }, path, text);
  } catch (cause) {
    throw new Error(`Cannot read ${path}: it is no TypeScript`, { cause });
  }
  return reader;
}

class FactReader implements Facts {
  readonly imports: (Found<string> & { readonly onlyTypes: boolean })[] = [];
  readonly functions: Found<FunctionFact>[] = [];
  readonly words: Found<string>[] = [];
  readonly names: Found<string>[] = [];
  readonly #text: string;
  readonly #lineStarts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  visitor(): Deno.lint.LintVisitor {
    const word = (what: string) => (node: Node) => this.#word(what, node);
    return {
      ImportDeclaration: (node) => this.#import(node.source, node.importKind === "type"),
      ExportAllDeclaration: (node) => this.#import(node.source),
      ExportNamedDeclaration: (node) => this.#import(node.source),
      ImportExpression: (node) => this.#import(node.source),
      TSImportType: (node) => this.#import(node.argument),
      FunctionDeclaration: (node) => this.#function(node),
      FunctionExpression: (node) => this.#function(node),
      ArrowFunctionExpression: (node) => this.#function(node),
      AwaitExpression: word("await …"),
      ForOfStatement: (node) => node.await && this.#word("await …", node),
      VariableDeclaration: (node) => node.kind === "await using" && this.#word("await …", node),
      TSAnyKeyword: word("the type any"),
      TSEnumDeclaration: word("enum"),
      TSModuleDeclaration: word("declared namespace"),
      ExportDefaultDeclaration: word("export default"),
      NewExpression: (node) => this.#newDate(node),
      Identifier: (node) => this.#identifier(node),
      MemberExpression: (node) => this.#member(node),
      Property: (node) => isNamed(node.key, "only") && this.#word(".only", node),
      Literal: (node) => typeof node.value === "string" && this.#name(node, node.value),
      TemplateLiteral: (node) => this.#name(node, node.quasis.map(({ cooked }) => cooked).join("…")),
    };
  }

  #lineOf(offset: number): number {
    let [low, high] = [0, this.#lineStarts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? Infinity) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  #word(what: string, { range: [start] }: Node): void {
    this.words.push({ what, line: this.#lineOf(start) });
  }

  #import(source: Node | null, onlyTypes = false): void {
    if (source === null) return;
    const [start, end] = source.range;
    // A specifier that is computed is told as it is written, and no table knows it.
    const what = this.#text.slice(start, end).replace(/^(["'`])(.*)\1$/s, "$2");
    this.imports.push({ what, line: this.#lineOf(start), onlyTypes });
  }

  #function(node: FunctionNode): void {
    const [start, end] = node.range;
    const line = this.#lineOf(start);
    if (node.async) this.#word("async function", node);
    this.functions.push({ what: { name: this.#nameOf(node), lines: this.#lineOf(end) - line + 1 }, line });
  }

  /**
   * How a message calls a function: the text from where its declaration begins to its first bracket or arrow.
   */
  #nameOf(node: FunctionNode): string {
    const isNamedByParent = [
      "MethodDefinition",
      "Property",
      "PropertyDefinition",
      "VariableDeclarator",
      "CallExpression",
    ]
      .includes(node.parent.type);
    const [start] = isNamedByParent ? node.parent.range : node.range;
    const [line] = this.#text.slice(start, node.range[1]).split("\n", 1);
    return (line ?? "").slice(0, 60).trim();
  }

  #newDate(node: Deno.lint.NewExpression): void {
    if (isNamed(node.callee, "Date") && node.arguments.length === 0) this.#word("new Date()", node);
  }

  #identifier(node: Deno.lint.Identifier): void {
    if (!isMemberName(node)) this.#word(node.name, node);
  }

  #member(node: Deno.lint.MemberExpression): void {
    if (node.computed || node.property.type !== "Identifier") return;
    if (node.object.type === "Identifier") this.#word(`${node.object.name}.${node.property.name}`, node);
    if (node.property.name === "only") this.#word(".only", node);
  }

  #name({ parent, range: [start] }: { parent: Node; range: Deno.lint.Range }, what: string): void {
    const isLater = parent.type === "CallExpression" && parent.arguments[0]?.range[0] !== start;
    if (!isLater) this.names.push({ what, line: this.#lineOf(start) });
  }
}

/**
 * Whether an identifier is what stands behind a dot or before a colon: the name of a member, which means
 * nothing by itself.
 */
function isMemberName(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return !parent.computed && isSame(parent.property, node);
    case "TSQualifiedName":
      return isSame(parent.right, node);
    case "Property":
      return !parent.computed && !parent.shorthand && isSame(parent.key, node);
    case "PropertyDefinition":
    case "MethodDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return !parent.computed && isSame(parent.key, node);
    default:
      return false;
  }
}

function isSame(left: Node, right: Node): boolean {
  return left.range[0] === right.range[0] && left.range[1] === right.range[1];
}

function isNamed(node: Node, name: string): boolean {
  return node.type === "Identifier" && node.name === name;
}
