/**
 * Looks at the web page of a daemon in a real browser, and keeps what the browser complained about.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import axe from "axe-core";
import type { BrowserContext, Page } from "playwright-core";
import { findChromium } from "../runtimes/browser.ts";
import { eventually } from "../support/eventually.ts";

/** A browser on two busy cores needs its time; a failure still means "never". */
export const PAGE_MS = 30_000;
const LOADS_MAX = 3;

/** How the page is looked at. */
export interface VisitOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
  /** Runs in the page before its own scripts. */
  readonly before?: string;
}

/** Path of Chromium; said aloud where there is none. */
export const chromium = findChromium();
if (chromium === undefined) console.warn("skipped: the web page in Chromium, which is not here");

/** Keeps what the page's policy forbade where a test can find it. */
const WATCH_POLICY = `
  globalThis.violations = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
    violations.push([violatedDirective, blockedURI, sample].join(" "));
  });
`;

/** The page of one daemon in one tab. */
export class Visit {
  readonly page: Page;
  readonly #complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(PAGE_MS);
    page.on("pageerror", ({ message }) => this.#complaints.push(message));
    page.on("console", (message) => {
      // A daemon that is away, or refuses, is told by the browser as an error of the network, and is no fault
      // of the page.
      const isNetwork = /^Failed to load resource/.test(message.text());
      if (message.type() === "error" && !isNetwork) this.#complaints.push(message.text());
    });
    const isFile = (url: string) => !new URL(url).pathname.startsWith("/v1/");
    page.on("requestfailed", (request) => {
      if (isFile(request.url())) this.#complaints.push(`${request.url()} ${request.failure()?.errorText}`);
    });
    page.on("response", (response) => {
      if (isFile(response.url()) && response.status() >= 400) {
        this.#complaints.push(`${response.url()} ${response.status()}`);
      }
    });
  }

  /** Opens the page, and waits until it has drawn itself. */
  static async open(
    context: BrowserContext,
    httpPort: number,
    { width = 1_280, height = 900, colorScheme = "light", before = "" }: VisitOptions = {},
  ): Promise<Visit> {
    const page = await context.newPage();
    const visit = new Visit(page);
    await page.addInitScript({ content: WATCH_POLICY + before });
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    await visit.#load(`http://127.0.0.1:${httpPort}/`);
    await visit.shows("#tiles", "p99 wait");
    return visit;
  }

  /**
   * Chromium gives up what is on its way when an interface of the machine comes or goes; that is no fault of
   * the page.
   */
  async #load(url: string): Promise<void> {
    for (let attempt = 0; attempt < LOADS_MAX; attempt++) {
      this.#complaints.length = 0;
      await this.page.goto(url);
      if (!this.#complaints.some((complaint) => complaint.includes("ERR_NETWORK_CHANGED"))) return;
    }
  }

  /** The text of an element, as it is seen. */
  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).first().innerText()).replaceAll(/\s+/g, " ").trim();
  }

  /** Waits until an element shows that text, or one that fits. */
  async shows(selector: string, wanted: string | RegExp): Promise<void> {
    let seen = "nothing";
    try {
      await eventually("the text", async () => {
        if (await this.page.locator(selector).count() === 0) return false;
        seen = await this.text(selector);
        return typeof wanted === "string" ? seen.includes(wanted) : wanted.test(seen);
      }, PAGE_MS);
    } catch (error) {
      const complaints = this.#complaints.join("; ");
      throw new Error(`${selector} never showed ${wanted}, it shows: ${seen}. ${complaints}`, {
        cause: error,
      });
    }
  }

  /** Waits until the page says that it is live. */
  async live(): Promise<void> {
    await this.shows("#state", "Live");
  }

  /** How many elements there are. */
  async count(selector: string): Promise<number> {
    return await this.page.locator(selector).count();
  }

  /** Fails when the page's policy was hurt, or a script failed. */
  async check(): Promise<void> {
    equal((await this.page.evaluate<string[]>("violations")).join("\n"), "");
    equal(this.#complaints.join("\n"), "");
  }

  /** Fails when axe finds something that keeps people out. */
  async checkAccess(): Promise<void> {
    await this.page.evaluate(axe.source);
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const found = await this.page.evaluate<{ violations: Violation[] }>(
      `axe.run(document, { runOnly: ${JSON.stringify(tags)} })`,
    );
    const told = found.violations.map(({ id, impact, nodes }) =>
      `${impact} ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n  ")}`
    );
    equal(told.join("\n"), "");
  }
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}
