import type { Overview, OverviewRow } from '../activities/contract';

/** What a migration came to since the last listing. */
interface News {
  readonly status: OverviewRow['status'];
  /** Undefined where only its end is known. */
  readonly attempt: number | undefined;
  /** A listing was asked for after it: that one will say the same. */
  listed: boolean;
}

/** The rows as the last listing found them, with what the run has learned since. */
export class Board {
  private listing: Overview = { counts: {}, rows: [] };
  private readonly news = new Map<string, News>();

  /** An attempt has begun. */
  began(name: string, attempt: number): void {
    this.news.set(name, { status: 'in_progress', attempt, listed: false });
  }

  ended(name: string, status: OverviewRow['status']): void {
    const attempt = this.news.get(name)?.attempt;
    this.news.set(name, { status, attempt, listed: false });
  }

  /** Call it when a listing is asked for: what is known by then, it will find. */
  listingAsked(): void {
    for (const news of this.news.values()) news.listed = true;
  }

  listed(overview: Overview): void {
    this.listing = overview;
    for (const [name, news] of this.news) if (news.listed) this.news.delete(name);
  }

  overview(): Overview {
    const counts = { ...this.listing.counts };
    const rows = this.listing.rows.map((row) => {
      const news = this.news.get(row.name);
      if (!news || (news.attempt ?? row.attempts) < row.attempts) return row;
      counts[row.status] = (counts[row.status] ?? 1) - 1;
      counts[news.status] = (counts[news.status] ?? 0) + 1;
      const attempts = news.attempt ?? row.attempts;
      return { ...row, status: news.status, attempts, waitsFor: null };
    });
    return { counts, rows };
  }
}
