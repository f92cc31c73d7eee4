/** One line of `lrm doctor`. */
export interface Finding {
  /** What was checked: 'clock'. */
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly message: string;
  /** What to type or to change. Null: nothing. */
  readonly next: string | null;
}

export const ok = (check: string, message: string): Finding => ({
  check,
  state: 'ok',
  message,
  next: null,
});

export const warning = (check: string, message: string, next: string): Finding => ({
  check,
  state: 'warning',
  message,
  next,
});

export const failed = (check: string, message: string, next: string | null): Finding => ({
  check,
  state: 'failed',
  message,
  next,
});
