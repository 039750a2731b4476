/**
 * Data to the standard output, words for people to the standard error output.
 *
 * @module
 */
import process from "node:process";

/**
 * Prints data. Resolves to true when it is written, to false when nobody reads it any more (as in
 * `distrilock ls | head`).
 */
export function printData(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => error.code === "EPIPE" ? resolve(false) : reject(error);
    process.stdout.once("error", onError);
    process.stdout.write(text, (error) => {
      if (error) return onError(error);
      process.stdout.off("error", onError);
      resolve(true);
    });
  });
}

/** Tells people something, on a line that begins with the program's name. */
export function tell(text: string): void {
  process.stderr.write(`distrilock: ${text}\n`);
}
