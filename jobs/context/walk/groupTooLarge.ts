/**
 * A batch of a walk along groups was ended by a timeout again and again. A group can't be split, so
 * smaller batches did not help. The timeout is the cause, and decides how the attempt ends.
 */
export class GroupTooLarge extends Error {
  override readonly name = 'GroupTooLarge';
  constructor(tableName: string, rows: number, tries: number, cause: unknown) {
    super(
      `a batch over groups of ${tableName} (${rows} rows or more) ran into a timeout ${tries} times, ` +
        'and a group is never split: raise statement_timeout for it (SET LOCAL in the batch), ' +
        'write less for a group, or group by more columns',
      { cause },
    );
  }
}
