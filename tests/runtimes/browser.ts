/**
 * Chromium, without a window and with a profile of its own.
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

/** Starts a browser, closed at the end. */
export async function openBrowser(executablePath: string): Promise<BrowserContext & AsyncDisposable> {
  const profile = await Deno.makeTempDir({ prefix: "distrilock-browser-" });
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: ARGUMENTS });
  return Object.assign(context, {
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await Deno.remove(profile, { recursive: true });
    },
  });
}
