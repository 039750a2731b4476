/**
 * Chromium, without a window and with a new profile.
 *
 * @module
 */
import { type BrowserContext, chromium } from "playwright-core";

/** Nothing but the pages of the test: no sandbox where tests run as root, no calls home. */
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Path of the browser, or undefined where there is none. */
export function findChromium(): string | undefined {
  return PATHS.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

/**
 * Starts a browser, closed at the end. Its profile is the driver's to make and to remove: processes of the
 * browser go on writing into it for a moment after the browser itself has ended.
 */
export async function openBrowser(executablePath: string): Promise<BrowserContext & AsyncDisposable> {
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  return Object.assign(await browser.newContext(), { [Symbol.asyncDispose]: () => browser.close() });
}
