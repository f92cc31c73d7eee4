import type { Attempt } from '../attempt';

/** What an attempt does apart from its walks, for operators to see. */
export class Doing {
  /** In the order in which they began. */
  readonly #running: { text: string }[] = [];

  constructor(private readonly attempt: Pick<Attempt, 'report'>) {}

  /**
   * Shows `text` while `work` runs. When several things run, the latest one is shown.
   * @param work gets a function that replaces the text
   */
  async during<T>(text: string, work: (say: (text: string) => void) => Promise<T>): Promise<T> {
    const own = { text };
    this.#running.push(own);
    this.#show();
    try {
      return await work((now) => {
        own.text = now;
        this.#show();
      });
    } finally {
      this.#running.splice(this.#running.indexOf(own), 1);
      this.#show();
    }
  }

  #show(): void {
    this.attempt.report({ step: this.#running.at(-1)?.text ?? null });
  }
}
