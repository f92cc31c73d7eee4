/** Something that must not have happened. */
export interface Finding {
  /** Which check found it, like 'every row once'. */
  readonly check: string;
  /** What is wrong, where, and when, in one line without row values other than keys. */
  readonly what: string;
}

/** What one check has found. */
export const findings = (check: string, found: readonly string[]): Finding[] =>
  found.map((what) => ({ check, what }));

/** A report names so many findings of each check. */
const NAMED_AT_MOST = 10;

/** A check's first findings, and how many more there are. */
export function shortened(found: readonly Finding[]): Finding[] {
  const [, ...more] = found.slice(NAMED_AT_MOST - 1);
  const check = more[0]?.check;
  if (check === undefined) return [...found];
  return [...found.slice(0, NAMED_AT_MOST), { check, what: `and ${more.length} more` }];
}
