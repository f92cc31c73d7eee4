import { FINALIZE_AT_MOST, type Finalize } from './contract';

/** What `lrm finalize` asked for and the run has not started, each migration once. */
export class Wanted {
  private readonly byName = new Map<string, Finalize>();

  get names(): string[] {
    return [...this.byName.keys()];
  }

  /**
   * Of two requests for one migration, the one without throttling counts.
   * @returns how many were dropped because there are too many
   */
  add(entries: readonly Finalize[]): number {
    let dropped = 0;
    for (const entry of entries) {
      const known = this.byName.get(entry.name);
      if (!known && this.byName.size >= FINALIZE_AT_MOST) dropped++;
      else if (!known || known.throttled) this.byName.set(entry.name, entry);
    }
    return dropped;
  }

  /** Takes out the oldest ones. */
  take(atMost: number): Finalize[] {
    const taken = [...this.byName.values()].slice(0, atMost);
    for (const { name } of taken) this.byName.delete(name);
    return taken;
  }

  all(): Finalize[] {
    return [...this.byName.values()];
  }
}
