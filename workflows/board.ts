import type { Overview, OverviewRow } from '../activities/contract';

/** What has happened to a migration since the last listing. */
interface News {
  readonly status: OverviewRow['status'];
  /** Undefined when only its end is known. */
  readonly attempt: number | undefined;
  /** True once a listing was requested after it: that listing will include it. */
  listed: boolean;
  /** Rows that were skipped, if the attempt has said so. */
  readonly skipped?: number | undefined;
}

/** The rows as the last listing found them, and what the run has learned since. */
export class Board {
  private listing: Overview = { counts: {}, rows: [] };
  private readonly news = new Map<string, News>();

  /** An attempt has begun. */
  began(name: string, attempt: number): void {
    this.news.set(name, { status: 'in_progress', attempt, listed: false });
  }

  ended(name: string, status: OverviewRow['status'], skipped?: number): void {
    const attempt = this.news.get(name)?.attempt;
    this.news.set(name, { status, attempt, listed: false, skipped });
  }

  /** Call it when a listing is requested. The listing will include what is known by then. */
  listingRequested(): void {
    for (const news of this.news.values()) news.listed = true;
  }

  listed(overview: Overview): void {
    this.listing = overview;
    for (const [name, news] of this.news) if (news.listed) this.news.delete(name);
  }

  overview(): Overview {
    const counts = { ...this.listing.counts };
    let withSkipped = this.listing.completedWithSkipped ?? 0;
    const rows = this.listing.rows.map((row) => {
      const news = this.news.get(row.name);
      if (!news || (news.attempt ?? row.attempts) < row.attempts) return row;
      counts[row.status] = (counts[row.status] ?? 1) - 1;
      counts[news.status] = (counts[news.status] ?? 0) + 1;
      const attempts = news.attempt ?? row.attempts;
      const skipped = news.skipped ?? row.skipped ?? 0;
      if (news.status === 'completed' && skipped > 0) withSkipped++;
      return { ...row, status: news.status, attempts, waitsFor: null, skipped };
    });
    return { counts, completedWithSkipped: withSkipped, rows };
  }
}
