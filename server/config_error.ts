/**
 * What is thrown for a configuration that cannot be used: a file of its own, since the rules about listening
 * and the table of options both need it.
 *
 * @module
 */

/**
 * Configuration that cannot be used. The message names the option, the offending value and the wanted form.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
