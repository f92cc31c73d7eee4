/** A fault that is planted into a build of its own, to see that it is noticed. */
export interface Mutant {
  /** In lower case, with hyphens. */
  readonly name: string;
  /** The promise that it breaks, in one line. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** A patch of ours that is taken back, like 'patches/postgres+3.4.9.patch'. */
  readonly without?: string;
  /** Where it is noticed. The same with the unchanged build finds nothing. */
  readonly scenario: string;
  /** It does not even run a plain migration, because the product itself notices it. */
  readonly refuses?: true;
}

/** A change of one file. */
export interface Edit {
  /** Relative to the checkout. Below node_modules/postgres: in a copy. */
  readonly file: string;
  /** Must occur exactly once: otherwise a refactoring would turn the mutant off unnoticed. */
  readonly find: string;
  readonly replace: string;
}
