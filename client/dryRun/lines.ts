import type { DryBatch } from '../../jobs/context/dryRun';
import type { Scan } from '../../jobs/process/messages';
import { plainText } from '../../settings/plainText';
import { count, seconds } from '../../settings/screenText';

/** 'batch 2: 100 of 250 rows of public.users, 12 ms'. */
export function batchLine(number: number, { over, rows, matching, ms, walk }: DryBatch): string {
  const what =
    walk === null
      ? over
      : `${count(matching)} ${matching === rows ? '' : `of ${count(rows)} `}rows of ${over}`;
  return plainText(`batch ${number}: ${what}, ${ms.toFixed(ms < 10 ? 1 : 0)} ms`);
}

/**
 * What the whole of each walk would take, by its last batch: the earlier ones are the smallest, and
 * carry the start of a session.
 */
export function estimates(batches: readonly DryBatch[]): string[] {
  const last = new Map<string, DryBatch>();
  for (const batch of batches) if (batch.walk !== null) last.set(batch.walk, batch);
  return [...last.values()].map((batch) => plainText(`walk ${batch.walk}: ${estimate(batch)}`));
}

function estimate({ over, rows, ms, total, lanes, dutyCycle }: DryBatch): string {
  if (total === null || rows === 0) return `${over} has an unknown number of rows`;
  // The estimate of a table that was just filled may be too small.
  const all = Math.max(total, rows);
  const work = ((all / rows) * ms) / lanes / 1000;
  const throttled = dutyCycle < 1 ? `, about ${seconds(work / dutyCycle)} with its throttling` : '';
  const size = `${count(rows)} ${rows === 1 ? 'row' : 'rows'}`;
  return `about ${count(all)} rows of ${over}, about ${seconds(work)} in batches of ${size}${throttled}`;
}

/** 'reads all of public.users (12 MB) in each batch: update "users" set …'. */
export const scanLine = ({ table, bytes, statement }: Scan): string =>
  plainText(
    `a statement reads all of ${table} (${count(bytes / 1024 / 1024)} MB, Seq Scan): ${statement}`,
  );
