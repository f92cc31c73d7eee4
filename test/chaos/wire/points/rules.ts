/** Whose connection it is: a worker's own, an attempt's, or neither's. */
export type Session = 'worker' | 'attempt' | 'other';

/** How a statement of ours is recognised. */
export interface Rule {
  /**
   * '<what it is part of>: <the statement>'. The part before the colon is also that of its
   * transaction's COMMIT. Without a colon it is part of several things.
   */
  readonly name: string;
  /** Matches its text, as {@link normal} gives it. */
  readonly text: RegExp;
  /** Why it passes only now and then. */
  readonly rare?: string;
}

/** The first rule decides. */
export const rule = (name: string, text: RegExp, rare?: string): Rule => ({
  name,
  text,
  ...(rare !== undefined && { rare }),
});

/** Statements with which each session begins. */
export const SESSION_RULES: readonly Rule[] = [
  rule('session: start', /^select set_config\('client_connection_check_interval'/),
  rule('session: types', /^select b\.oid, b\.typarray/),
];
