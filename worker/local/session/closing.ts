/** What has to be closed at the end, in the opposite order of its opening. */
export class Closing {
  readonly #steps: (() => unknown)[] = [];

  /** `close` is called by {@link close}, before all that were added earlier. */
  add(close: () => unknown): void {
    this.#steps.push(close);
  }

  /** Closes everything; what fails doesn't keep the rest open. */
  async close(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) {
      await Promise.resolve(step()).catch((error: unknown) => {
        console.error(`While stopping: ${error instanceof Error ? error.message : error}`);
      });
    }
  }
}
