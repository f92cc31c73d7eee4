/** Closes things at the end, in the opposite order of their opening. */
export class Closing {
  readonly #steps: (() => unknown)[] = [];

  /** {@link close} calls `close` before all functions that were added earlier. */
  add(close: () => unknown): void {
    this.#steps.push(close);
  }

  /** Closes everything. After a failure it goes on with the rest. */
  async close(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) {
      await Promise.resolve(step()).catch((error: unknown) => {
        console.error(`While stopping: ${error instanceof Error ? error.message : error}`);
      });
    }
  }
}
